-- One number: what the cart is worth.
select 21
