-- one row per run of links of the devices asked about, its customer as aliases name it today
create or replace temp table owner_links as
select l.device, coalesce(a.customer_id, l.customer_id) as owner_id,
  l.first_at, l.first_input, l.first_row, l.last_at, l.last_input, l.last_row
from links l left join aliases a on l.customer_id = a.alias_id
where l.customer_id is not null
