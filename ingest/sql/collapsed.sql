-- one row per repeated event: its earliest copy, with the tally of all other copies ever seen
create or replace temp table collapsed as
with copies as (  -- every copy at hand, earliest first
  select a.*, row_number() over (
    partition by a.source, a.customer_key, a.duplicate_key
    order by a.event_at, a.recorded_input, a.recorded_row) as place
  from arrivals a semi join repeated using (source, customer_key, duplicate_key)
), tallies as (  -- (event, content) -> how many copies had this content
  select source, customer_key, duplicate_key, content, sum(copies)::bigint as copies
  from (
    select source, customer_key, duplicate_key, content_hash as content,
      1 + duplicates - coalesce(list_sum(list_transform(variants, lambda v: v."rows")), 0) as copies
    from copies
    union all
    select source, customer_key, duplicate_key, variant.content_hash, variant."rows"
    from (select source, customer_key, duplicate_key, unnest(variants) as variant from copies)
  ) group by all
), totals as (  -- event -> copies in all, and by content
  select source, customer_key, duplicate_key, sum(copies)::bigint as copies,
    list({'content_hash': content, 'rows': copies} order by content) as contents
  from tallies group by all
)
select copies.* exclude (duplicates, variants, place),
  (totals.copies - 1)::integer as duplicates,
  nullif(list_filter(contents, lambda v: v.content_hash <> copies.content_hash), []) as variants
from copies join totals using (source, customer_key, duplicate_key)
where place = 1
