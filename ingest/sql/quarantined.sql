-- one row per row that leaves, with its reason
select source, _input as input, recorded_row + 1 as record, _line as line, _reason as reason, _detail as detail, _raw as raw,
  $run_id as run_id
from staged where _reason is not null
order by source, input, record
