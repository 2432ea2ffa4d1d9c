-- one row per source that is loaded: its duplicate rule
create or replace temp table rules as
select distinct source::source_name as source, _rule from fresh_rules
