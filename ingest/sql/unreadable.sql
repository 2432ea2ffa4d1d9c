-- the records that could not be read at all join the others, to be quarantined with them
insert into staged by name
select $source as source, $input as input, coalesce(line, record) as recorded_row, 'unreadable_row' as reason, detail, text as raw
from unreadable
