-- the same as `stored`, without rows and with no more columns than those that arrive
create or replace temp table stored as
select * exclude (_input, _line, _reason, _detail, _raw, _clock), 0::integer as duplicates,
  null::struct(content_hash bigint, "rows" bigint)[] as variants
from staged limit 0
