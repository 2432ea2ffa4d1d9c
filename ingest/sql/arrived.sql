-- one row per source, UTC day and event name: rows without a fault, before duplicates are taken out
select source, _span as span, event, count(*) as rows from staged where _reason is null group by all order by all
