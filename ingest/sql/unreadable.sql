-- the records that could not be read at all join the others, to be quarantined with them
insert into staged by name
select $source as source, $input as _input, record as recorded_row, line as _line, 'unreadable_row' as _reason, detail as _detail,
  text as _raw
from unreadable
