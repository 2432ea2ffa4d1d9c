-- one row per source and blocked id, in lower case: how many rows carry it
select source::varchar as source, lower(_blocked)[:40] as id, count(*) as "rows" from staged where _blocked is not null
group by all order by source, "rows" desc, id
