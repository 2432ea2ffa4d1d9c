-- one row per source and reason: rows that leave
select source::varchar as source, _fault[1] as reason, count(*) as rows from staged where _fault is not null group by all order by all
