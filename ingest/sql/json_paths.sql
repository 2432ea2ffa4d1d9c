-- Functions over one JSON value, for the paths of ingest/json_path.py; NULL where there is nothing.

-- what a value says: its text; of an object whose keys all end in "value" (string_value, int_value, ...), the filled one's
create or replace macro json_said(v) as (
  case
    when json_type(v) = 'OBJECT' and len(list_filter(json_keys(v), lambda k: not ends_with(lower(k), 'value'))) = 0
      then list_filter(json_extract_string(v, '$.*'), lambda x: x is not null)[1]
    else json_extract_string(v, '$')
  end
);

-- JSON that was written as a text inside JSON, as JSON
create or replace macro json_opened(v) as (
  case when json_type(v) <> 'VARCHAR' then v when json_valid(json_extract_string(v, '$')) then json_extract_string(v, '$') end
);

-- one step of a path: a key of an object, a place in a list, a key in a list of {key, value}
create or replace macro json_step(v, name) as (
  case json_type(v)
    when 'OBJECT' then json_extract(v, '$."' || replace(replace(name, '\', '\\'), '"', '\"') || '"')::varchar
    when 'ARRAY' then case
      when regexp_full_match(name, '[0-9]{1,6}') then json_extract(v, '$[' || name || ']')::varchar
      else json_extract(list_filter(json_extract(v, '$[*]'), lambda x: json_extract_string(x, '$.key') = name)[1], '$.value')::varchar
    end
  end
);

-- the value at the end of a path through texts that hold JSON: slow, for any of its steps may have to be read anew
create or replace macro json_walk(v, names) as (
  json_said(list_reduce(list_prepend(v, names), lambda value, name: json_step(json_opened(value), name)))
);

-- a text as JSON: an object or a list that it holds, else the text as a string
create or replace macro json_of(t) as (
  case when t >= '[' and (t < '\' or t >= '{' and t < '|') and json_valid(t) then t else to_json(t)::varchar end
);
