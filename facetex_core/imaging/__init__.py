"""Operations on pictures: colour spaces, masked filters, filling of holes."""
