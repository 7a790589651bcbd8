"""Pages that somebody else turns have an end."""

from __future__ import annotations

import pytest

from pricewatch.channels.paging import Pages
from pricewatch.domain.errors import ChannelUnavailable


def test_pages_go_on_while_they_bring_something_new():
    """Full or not, as long as each is another one."""
    pages = Pages("shop", "products", 2)
    assert [pages.go_on(ids) for ids in ([1, 2], [3, 4], [5], [6], [])] == [True, True, True, True, False]


def test_a_full_page_that_comes_again_is_told():
    """Whoever takes no notice of pages would show the first ones for ever."""
    pages = Pages("shop", "products", 2)
    pages.go_on([1, 2])
    with pytest.raises(ChannelUnavailable, match="a page of products again"):
        pages.go_on([1, 2])


def test_a_page_that_is_not_full_and_comes_again_was_the_last():
    """A count that promises more than there is does not make the same few listings many."""
    pages = Pages("shop", "products", 100)
    assert [pages.go_on([1, 2]), pages.go_on([1, 2])] == [True, False]
