-- one row per source and reason: rows that leave
select source, _reason as reason, count(*) as rows from staged where _reason is not null group by all order by all
