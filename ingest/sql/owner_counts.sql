-- one row per device with links: how many customers they name
create or replace temp table owner_counts as
select device, count(distinct owner_id) as owners, min(owner_id) as owner_id, min(first_at) as first_at
from owner_links group by device
