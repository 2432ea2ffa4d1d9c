-- one row per reason of an input: its rows, and what was wrong with the first of them
select _fault[1] as reason, count(*) as rows, arg_min(_fault[2], recorded_row) as detail, arg_min(_fault[4], recorded_row) as line
from staged where source = $source and recorded_input::varchar = $recorded_input
group by all order by rows desc, reason
