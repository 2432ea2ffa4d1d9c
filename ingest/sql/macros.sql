-- Functions over one text value; NULL where the text is not of the kind.
-- A macro repeats its argument wherever it names it; list_transform([x], lambda y: f(y))[1] binds a long one once.

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

-- a number of units ('s', 'ms', 'us' or 'ns') since 1970, far off where it is too large for any calendar
create or replace macro instant_since_1970(t, unit) as (
  make_timestamptz(trunc(least(greatest(
    try_cast(t as decimal(28, 6)) * (case unit when 's' then 1000000 when 'ms' then 1000 when 'us' then 1 else 0.001 end)::decimal(10, 3),
    -8000000000000000000), 8000000000000000000))::bigint)
);

-- 20260115 and 20260115103015 -> wall clock; NULL for any other number
create or replace macro compact_time(t) as (
  case when length(t) in (8, 14) and not contains(t, '.') then coalesce(try_strptime(t, '%Y%m%d'), try_strptime(t, '%Y%m%d%H%M%S')) end
);

-- a plain number: a compact date or instant, else since 1970 in the file's one unit; 2026011510 could be an hour of a day and the
-- year 2034, so it is no time until its format says which
create or replace macro instant_of_number(t, zone, unit) as (
  case
    when length(t) in (8, 14) and not contains(t, '.') then list_transform([compact_time(t)], lambda w: instant_in(w, zone))[1]
    when length(t) = 10 and t < '21' and try_strptime(t, '%Y%m%d%H') >= timestamp '1990-01-01' then null
    else instant_since_1970(t, unit)
  end
);

-- days of a spreadsheet since 1899-12-30 -> wall clock, to its millisecond
create or replace macro serial_day(t) as (
  case when try_cast(replace(t, ',', '.') as double) between 1 and 2958465
    then make_timestamp(round((try_cast(replace(t, ',', '.') as double) - 25569) * 86400000)::bigint * 1000) end
);

-- is it a whole number as floating ones are written: 12345.0, and 1e+16 where they are large
create or replace macro float_written(t) as (
  (ends_with(t, '.0') or contains(t, 'e+')) and regexp_full_match(t, '-?(0|[1-9]\d*)\.0|-?\d(\.\d+)?e\+\d+')
);

-- the id that such a number stands for
create or replace macro whole_id(t) as (
  case when ends_with(t, '.0') and regexp_full_match(t, '-?(0|[1-9]\d*)\.0') then left(t, -2) else t end
);

-- the unit that a number of this size is most likely in
create or replace macro likely_unit(x) as (
  case when abs(x) < 1e11 then 's' when abs(x) < 1e14 then 'ms' when abs(x) < 1e17 then 'us' else 'ns' end
);

-- ISO 8601 without dashes and colons (20260115T103015, whatever stands behind it) with them; 20260115T10 stays as it is: no time
create or replace macro with_dashes(t) as (
  case when t[9] in ('T', 't') then regexp_replace(regexp_replace(t,
    '^(\d{4})(\d\d)(\d\d)[Tt](\d\d)(\d\d)(\d\d)(\D|$)', '\1-\2-\3T\4:\5:\6\7'),
    '^(\d{4})(\d\d)(\d\d)[Tt](\d\d)(\d\d)(\D|$)', '\1-\2-\3T\4:\5\6') else t end
);

-- a wall clock with the comma of its seconds as a point
create or replace macro with_point(t) as (case when contains(t, ',') then regexp_replace(t, '(:\d\d),(\d)', '\1.\2') else t end);

-- wall clock in a zone given by its text: an offset, Z, UTC, GMT or Region/City; an abbreviation is no zone, for BST alone is three
create or replace macro instant_in_named(wall, word) as (
  case
    when upper(word) in ('Z', 'UTC', 'GMT') then make_timestamptz(epoch_us(wall))
    when word[1] in ('+', '-') then make_timestamptz(epoch_us(wall) - 946684800000000 + epoch_us(
      try_cast('2000-01-01 00:00:00' || regexp_replace(word, '^([+-])(\d)(:|$)', '\10\2\3') as timestamptz)))
    when contains(word, '/') then instant_in(wall, case when try_cast('2000-01-01 00:00:00 ' || word as timestamptz) is not null then word end)
  end
);

-- the parts of a time with a zone (see instant_of_zoned) -> instant: an offset counts before a name behind it
create or replace macro instant_of_parts(p) as (
  list_transform([{
    'wall': try_cast(nullif(with_point(p.wall), '') as timestamp),
    'word': case when p.zone <> '' then p.zone when p.utc <> '' and p.name = '' then p.utc when p.inside <> '' then p.inside else p.name end
  }], lambda q: instant_in_named(q.wall, q.word))[1]
);

-- a time with an offset or a zone behind it (10:15 +0200, 10:15+02:00[Europe/Berlin], 10:15 +0000 UTC, 10:15 GMT+0100 (CET)) -> instant
create or replace macro instant_of_zoned(t) as (
  list_transform([regexp_extract(t,
    '^(\d{4,}[-/]\d{1,2}[-/]\d{1,2}(?:[Tt ]+\d{1,2}:\d\d(?::\d\d)?(?:[.,]\d+)?)?)\s*([Zz]|(?i:UTC|GMT))?\s*([+-]\d{1,2}(?::?\d\d)?)?\s*(?:\[([^\]]+)\]|\(([^)]*)\)|([A-Za-z][A-Za-z0-9_/+-]*))?$',
    ['wall', 'utc', 'zone', 'inside', 'comment', 'name'])], lambda p: instant_of_parts(p))[1]
);

-- 2026-01-15 10:30:15, with or without a fraction, and nothing behind it -> wall clock; what most logs write, and quick to read.
-- What it reads, instant_of reads alike: it is not asked about words (infinity) and about times that begin like basic ones
create or replace macro plain_time(t) as (
  case when t >= '0' and t < ':' then coalesce(
    try_strptime(t, ['%Y-%m-%d %H:%M:%S.%f', '%Y-%m-%d %H:%M:%S']),
    case when t like '____-__-__T%' then try_strptime(t, ['%Y-%m-%dT%H:%M:%S.%f', '%Y-%m-%dT%H:%M:%S']) end
  ) end
);

-- text without a zone -> wall clock; the cast would pass over words behind a time
create or replace macro naive_time(t) as (case when not regexp_matches(t, ':\S*\s') then try_cast(with_point(t) as timestamp) end);

-- text of a date and a time -> instant, naive text read in `zone`
create or replace macro instant_of_text(t, zone) as (
  case
    when has_offset(t) then coalesce(
      case when t[-1:] in ('Z', 'z') or t[-1:] between '0' and '9' then try_cast(case when t[-1:] = 'z' then upper(t) else t end as timestamptz) end,
      instant_of_zoned(t))
    when zone = 'UTC' then naive_time(t)::timestamptz
    else list_transform([naive_time(t)], lambda w: instant_in(w, zone))[1]
  end
);

-- text -> instant, naive text read in `zone`, numbers in `unit`
create or replace macro instant_of(t, zone, unit) as (
  case
    when not (t[1] between '0' and '9' or t[1] in ('-', '+', '.')) then null
    when try_cast(t as double) is not null then instant_of_number(t, zone, unit)
    when t[9] in ('T', 't') then list_transform([with_dashes(t)], lambda d: instant_of_text(d, zone))[1]
    else instant_of_text(t, zone)
  end
);

-- the same text as a naive time; NULL where it is a number since 1970 or has an offset of its own
create or replace macro wall_clock_of(t) as (
  case
    when try_cast(t as double) is not null then compact_time(t)
    when t[1] between '0' and '9' and not has_offset(with_dashes(t)) then naive_time(with_dashes(t))
  end
);

-- which of point and comma a number shows to be its decimal: 'point', 'comma', 'unclear' (1.234), NULL where it has neither
create or replace macro decimal_shown(t) as (
  case
    when not contains(t, ',') then case
      when t[-3:-3] = '.' or t[-2:-2] = '.' then 'point'
      when not contains(t, '.') then null
      when regexp_matches(t, '\d\.\d+\.') then 'comma'
      when regexp_matches(t, '^\D*[1-9]\d{0,2}\.\d{3}\D*$') then 'unclear'
      when regexp_matches(t, '\d') then 'point'
    end
    when contains(t, '.') then case
      when regexp_matches(t, '\d\.\d.*,\d*\D*$') then 'comma'
      when regexp_matches(t, '\d,\d.*\.\d*\D*$') then 'point'
      when regexp_matches(t, '\d,\d') then 'comma'
    end
    when regexp_matches(t, '\d,\d+,') then 'point'
    when regexp_matches(t, '^\D*[1-9]\d{0,2},\d{3}\D*$') then 'unclear'
    when regexp_matches(t, '\d,\d') then 'comma'
  end
);

-- the parts of a written number (see written_number) -> its digits with a point
create or replace macro written_parts(p, decimal) as (
  case when p.digits <> '' and (p.before = '(') = (p.after = ')') and (p.before <> '')::int + (p.sign <> '')::int + (p.after = '-')::int <= 1
    and regexp_full_match(p.digits, case decimal
      when ',' then '(\d+|[1-9]\d{0,2}(\.\d{3})+|[1-9]\d{0,2}([\x27\x{2019}\s\p{Zs}]\d{3})+)?(,\d*)?'
      else '(\d+|[1-9]\d{0,2}(,\d{2,3})*,\d{3}|[1-9]\d{0,2}([\x27\x{2019}\s\p{Zs}]\d{3})+)?(\.\d*)?' end)
    then case when p.before in ('-', '(', chr(8722)) or p.sign in ('-', chr(8722)) or p.after = '-' then '-' else '' end
      || replace(regexp_replace(p.digits, case decimal when ',' then '[^\d,]' else '[^\d.]' end, '', 'g'), ',', '.') end
);

-- a number with thousands apart and a currency before or behind it -> its digits with a point; NULL where it is no such number
create or replace macro written_number(t, decimal) as (
  list_transform([regexp_extract(t,
    '^([-+(\x{2212}]?)\s*(?:(?:[A-Z]{0,3}\p{Sc}|[A-Z]{3}|[Kk]r\.?|zł|Kč|Ft|Fr\.?|Rs\.?)[\s\p{Zs}]*)?([-+\x{2212}]?)([\d.,][\d.,\x27\x{2019}\s\p{Zs}]*?)[\s\p{Zs}]*(?:[A-Z]{0,3}\p{Sc}|[A-Z]{3}|[Kk]r\.?|zł|Kč|Ft|Fr\.?|Rs\.?)?\s*([-)]?)$',
    ['before', 'sign', 'digits', 'after'])], lambda p: written_parts(p, decimal))[1]
);

-- the text of a number with a point for its decimal, as the casts read it
create or replace macro number_text(t, decimal) as (
  case
    when decimal = '.' and try_cast(t as double) is not null then t
    when t is not null then coalesce(written_number(t, decimal), case when regexp_full_match(t, '[-+]?\d+([eE][-+]?\d+)?') then t end)
  end
);

-- a number that is none: missing
create or replace macro is_nan(t) as (t = '' or lower(t) = 'nan');

-- decimal text -> minor units, half to even
create or replace macro half_even(x) as (
  try_cast(floor(x) + case when x - floor(x) > 0.5 or (x - floor(x) = 0.5 and abs(floor(x)) % 2 = 1) then 1 else 0 end as bigint)
);
create or replace macro minor_units(t, digits) as (
  half_even(try_cast(t as decimal(34, 16)) * (case digits when 0 then 1 when 3 then 1000 when 4 then 10000 else 100 end)::decimal(5, 0))
);

-- decimal text in another currency -> minor units, of which one of its units is `minor`; half to even
create or replace macro converted(t, minor) as (half_even(try_cast(t as decimal(19, 8)) * minor));

-- whole number
create or replace macro whole_number(t) as (
  case when try_cast(t as decimal(28, 9)) = floor(try_cast(t as decimal(28, 9))) then try_cast(floor(try_cast(t as decimal(28, 9))) as bigint) end
);

-- customer_key, see ingest/schema.py KEY_HASH
create or replace macro customer_key_of(who) as ((md5_number_lower(who) >> 1)::bigint);

-- does a stored event leave? None does, unless ingest/loading/erase.py says whose, or ingest/loading/aged.py how old
create or replace temp macro is_leaving(who, owner, device, event_at) as (false);
