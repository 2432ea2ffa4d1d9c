-- one row per source and reason: rows that leave
select source, reason, count(*) as rows from staged where reason is not null group by all order by all
