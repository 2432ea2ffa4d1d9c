-- one row per repeated event: its earliest copy, with the tally of all other copies ever seen
create or replace temp table collapsed as
with copies as (  -- every copy at hand, earliest first; one place recorded twice (a file that grew) is told by its content
  select a.*, row_number() over (
    partition by a._day, a.source, a.customer_key, a._key
    order by a.event_at, a.recorded_input, a.recorded_row, a.content_hash) as _place
  from keyed a semi join repeated using (_day, source, customer_key, _key)
), tallies as (  -- (event, content) -> how many copies had this content
  select _day, source, customer_key, _key, content, sum(copies)::bigint as copies
  from (
    select _day, source, customer_key, _key, content_hash as content,
      1 + duplicates - coalesce(list_sum(list_transform(variants, lambda v: v."rows")), 0) as copies
    from copies
    union all
    select _day, source, customer_key, _key, variant.content_hash, variant."rows"
    from (select _day, source, customer_key, _key, unnest(variants) as variant from copies)
  ) group by all
), totals as (  -- event -> copies in all, and by content
  select _day, source, customer_key, _key, sum(copies)::bigint as copies,
    list({'content_hash': content, 'rows': copies} order by content) as contents
  from tallies group by all
)
select copies.* exclude (duplicates, variants, _place),
  (totals.copies - 1)::integer as duplicates,
  nullif(list_filter(contents, lambda v: v.content_hash <> copies.content_hash), []) as variants
from copies join totals using (_day, source, customer_key, _key)
where _place = 1
