-- the rows of a day that lies in a sealed month are that month's
update staged set _span = left(_span, 7) where list_contains($months, left(_span, 7))
