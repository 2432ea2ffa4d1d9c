-- the events of inputs that are read anew leave the spans that hold them
delete from stored using gone
where stored.source = gone.source and stored.recorded_input = gone.recorded_input
