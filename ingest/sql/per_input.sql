-- one row per input of a source: its rows, and those that are events, or that a rule leaves out and no fault of theirs
select recorded_input::varchar as recorded_input, count(*) as rows,
  count(*) filter (_fault is null or _fault[1] in ('bot', 'excluded', 'too_late')) as sound
from staged where source = $source
group by all order by all
