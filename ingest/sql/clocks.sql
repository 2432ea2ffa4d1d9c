-- one row per source and kind: accepted times that the wall clock of the source's zone showed twice (ambiguous) or never (skipped)
select source::varchar as source, _clock, count(*) as rows from staged where _clock is not null and _fault is null
group by all order by all
