-- one row per span outside this load that holds events with the anonymous id alone of a device while it changes hands
select distinct o.span from others o join devices_changed c using (device)
where o.customer_id is null and o.last_at >= c.since and (c.until is null or o.first_at <= c.until)
order by all
