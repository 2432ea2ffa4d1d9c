-- one row per event that leaves: where it was recorded, its copies, and whether its row does not name its owner
select source, recorded_input, recorded_row, duplicates::bigint as duplicates, customer_id is null as stitched
from going_events order by all
