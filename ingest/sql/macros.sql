-- Functions over one text value; NULL where the text is not of the kind.

-- wall clock in a zone -> instant; a doubled hour is read with the offset before the change (fold=0), a skipped one too
create or replace macro instant_in(wall, zone) as (
  case
    when timezone(zone, timezone(zone, wall - interval 1 day) + interval 24 hours) = wall
      then timezone(zone, wall - interval 1 day) + interval 24 hours
    else timezone(zone, wall)
  end
);

-- has the text an offset of its own? looked for behind the date, whose dashes are no offset
create or replace macro has_offset(t) as (
  t[-1:] in ('Z', 'z') or contains(t, '+') or contains(substr(t, 12), '-') or suffix(t, ' UTC')
);

-- a plain number: seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by its size;
-- 8 and 14 digits are a compact date and a compact instant
create or replace macro instant_of_number(t) as (
  case
    when length(t) in (8, 14) and not contains(t, '.')
      then coalesce(try_strptime(t, '%Y%m%d'), try_strptime(t, '%Y%m%d%H%M%S'))::timestamptz
    when abs(try_cast(t as double)) < 1e11 then make_timestamptz((try_cast(t as decimal(24, 6)) * 1000000)::bigint)
    when abs(try_cast(t as double)) < 1e14 then make_timestamptz((try_cast(t as decimal(28, 3)) * 1000)::bigint)
    when abs(try_cast(t as double)) < 1e17 then make_timestamptz(trunc(try_cast(t as decimal(28, 3)))::bigint)
    when abs(try_cast(t as double)) < 9e18 then make_timestamptz(try_cast(t as bigint) // 1000)
  end
);

-- text -> instant, naive text read in `zone`
create or replace macro instant_of(t, zone) as (
  case
    when try_cast(t as double) is not null then instant_of_number(t)
    when not t[1] between '0' and '9' then null
    when has_offset(t) then try_cast(t as timestamptz)
    when zone = 'UTC' then try_cast(t as timestamp)::timestamptz
    else instant_in(try_cast(t as timestamp), zone)
  end
);

-- decimal text -> minor units, half to even
create or replace macro half_even(x) as (
  try_cast(floor(x) + case when x - floor(x) > 0.5 or (x - floor(x) = 0.5 and floor(x) % 2 = 1) then 1 else 0 end as bigint)
);
create or replace macro minor_units(t, digits) as (
  half_even(try_cast(t as decimal(28, 9)) * (case digits when 0 then 1 when 3 then 1000 else 100 end)::decimal(4, 0))
);

-- whole number
create or replace macro whole_number(t) as (
  case when try_cast(t as decimal(28, 9)) = floor(try_cast(t as decimal(28, 9))) then try_cast(floor(try_cast(t as decimal(28, 9))) as bigint) end
);

-- customer_key, see ingest/schema.py KEY_HASH
create or replace macro customer_key_of(customer_id, anonymous_id) as (
  (md5_number_lower(case when customer_id is not null then 'c:' || customer_id else 'a:' || anonymous_id end) >> 1)::bigint
);
