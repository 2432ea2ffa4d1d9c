-- one row per row that leaves, with its reason
select source, input, recorded_row as line, reason, detail, raw, $run_id as run_id
from staged where reason is not null
order by source, input, recorded_row
