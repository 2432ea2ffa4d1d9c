-- the records that could not be read at all join the others, to be quarantined with them
insert into staged by name
select $source as source, $recorded_input as recorded_input, record as recorded_row,
  ['unreadable_row', detail, text, line::varchar] as _fault
from unreadable
