-- Functions over one text value; NULL where the text is not of the kind.

-- nothing but white space, of any alphabet; a first letter of plain ASCII answers at once
create or replace macro is_blank(t) as (
  case when t >= '!' and t < chr(127) then false else not regexp_matches(t, '[^\s\v\x1c-\x1f\x{85}\p{Z}]') end
);

-- the text without white space around it
create or replace macro bare(t) as (
  case when t >= '!' and t < chr(127) and t[-1:] between '!' and '~' then t
    when regexp_matches(t, '^[\s\v\x1c-\x1f\x{85}\p{Z}]|[\s\v\x1c-\x1f\x{85}\p{Z}]$')
    then regexp_replace(t, '^[\s\v\x1c-\x1f\x{85}\p{Z}]+|[\s\v\x1c-\x1f\x{85}\p{Z}]+$', '', 'g') else t end
);

-- wall clock in a zone -> instant; a doubled hour is read with the offset before the change (fold=0), a skipped one too;
-- where no zone reaches (a year of six digits) as it is, which is out of any range
create or replace macro instant_in(wall, zone) as (
  case
    when not wall between timestamp '0001-01-02' and timestamp '9999-12-30' then make_timestamptz(epoch_us(wall))
    when timezone(zone, timezone(zone, wall - interval 1 day) + interval 24 hours) = wall
      then timezone(zone, wall - interval 1 day) + interval 24 hours
    else timezone(zone, wall)
  end
);

-- what the wall clock of a zone makes of a time: shown twice ('ambiguous'), or never ('skipped'); else NULL
create or replace macro clock_of(wall, zone) as (
  case
    when not wall between timestamp '0001-01-02' and timestamp '9999-12-30' then null
    when timezone(zone, instant_in(wall, zone)) <> wall then 'skipped'
    when timezone(zone, timezone(zone, wall - interval 1 day) + interval 24 hours) = wall
      and timezone(zone, timezone(zone, wall + interval 1 day) - interval 24 hours) = wall
      and timezone(zone, wall - interval 1 day) + interval 24 hours <> timezone(zone, wall + interval 1 day) - interval 24 hours
      then 'ambiguous'
  end
);

-- has the text an offset or a zone of its own? looked for behind the date, whose dashes are no offset; a text that ends with a
-- letter has (Z, UTC, Europe/Berlin) or is no time (PM, which the cast to a naive time would pass over)
create or replace macro has_offset(t) as (
  t[-1:] between 'A' and 'z' or contains(t, '+') or contains(substr(t, 12), '-')
);

-- a plain number: since 1970 in the source's one unit ('s', 'ms', 'us' or 'ns'), far off where it is too large for any calendar;
-- 8 and 14 digits are a compact date and a compact instant
create or replace macro instant_of_number(t, unit) as (
  case
    when length(t) in (8, 14) and not contains(t, '.')
      then coalesce(try_strptime(t, '%Y%m%d'), try_strptime(t, '%Y%m%d%H%M%S'))::timestamptz
    else make_timestamptz(trunc(least(greatest(
      try_cast(t as decimal(28, 6)) * (case unit when 's' then 1000000 when 'ms' then 1000 when 'us' then 1 else 0.001 end)::decimal(10, 3),
      -8000000000000000000), 8000000000000000000))::bigint)
  end
);

-- the unit that a number of this size is most likely in
create or replace macro likely_unit(x) as (
  case when abs(x) < 1e11 then 's' when abs(x) < 1e14 then 'ms' when abs(x) < 1e17 then 'us' else 'ns' end
);

-- ISO 8601 without dashes and colons: 20260115T103015, with Z where it is UTC
create or replace macro instant_of_basic(t, zone) as (
  coalesce(
    try_strptime(upper(t), ['%Y%m%dT%H%M%SZ', '%Y%m%dT%H%MZ'])::timestamptz,
    instant_in(try_strptime(upper(t), ['%Y%m%dT%H%M%S', '%Y%m%dT%H%M']), zone)
  )
);

-- 2026-01-15 10:30:15, with or without a fraction, and nothing behind it -> wall clock; what most logs write, and quick to read.
-- What it reads, instant_of reads alike: it is not asked about words (infinity) and about times that begin like basic ones
create or replace macro plain_time(t) as (
  case when t >= '0' and t < ':' then coalesce(
    try_strptime(t, ['%Y-%m-%d %H:%M:%S.%f', '%Y-%m-%d %H:%M:%S']),
    case when t like '____-__-__T%' then try_strptime(t, ['%Y-%m-%dT%H:%M:%S.%f', '%Y-%m-%dT%H:%M:%S']) end
  ) end
);

-- text -> instant, naive text read in `zone`
create or replace macro instant_of(t, zone, unit) as (
  case
    when not (t[1] between '0' and '9' or t[1] in ('-', '+', '.')) then null
    when try_cast(t as double) is not null then instant_of_number(t, unit)
    when t[9] in ('T', 't') then instant_of_basic(t, zone)
    when has_offset(t) then try_cast(case when t[-1:] = 'z' then upper(t) else t end as timestamptz)
    when zone = 'UTC' then try_cast(t as timestamp)::timestamptz
    else instant_in(try_cast(t as timestamp), zone)
  end
);

-- the same text as a naive time; NULL where it is a number or has an offset of its own
create or replace macro wall_clock_of(t) as (
  case when try_cast(t as double) is null and t[1] between '0' and '9' and not has_offset(t) then try_cast(t as timestamp) end
);

-- decimal text -> minor units, half to even
create or replace macro half_even(x) as (
  try_cast(floor(x) + case when x - floor(x) > 0.5 or (x - floor(x) = 0.5 and abs(floor(x)) % 2 = 1) then 1 else 0 end as bigint)
);
create or replace macro minor_units(t, digits) as (
  half_even(try_cast(t as decimal(34, 16)) * (case digits when 0 then 1 when 3 then 1000 else 100 end)::decimal(4, 0))
);

-- whole number
create or replace macro whole_number(t) as (
  case when try_cast(t as decimal(28, 9)) = floor(try_cast(t as decimal(28, 9))) then try_cast(floor(try_cast(t as decimal(28, 9))) as bigint) end
);

-- who a row is about, as it is hashed: the known id, else the anonymous one
create or replace macro who_of(customer_id, anonymous_id) as (coalesce('c:' || customer_id, 'a:' || anonymous_id));

-- customer_key, see ingest/schema.py KEY_HASH
create or replace macro customer_key_of(who) as ((md5_number_lower(who) >> 1)::bigint);
