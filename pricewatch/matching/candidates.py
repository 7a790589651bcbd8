"""The nearest of our titles to a title from outside, by TF-IDF over character trigrams and words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pricewatch.matching.normalise import tokens


class TitleIndex:
    """A standing index over our titles; `nearest` looks one title up without rebuilding it."""

    def __init__(self, titles: Sequence[str]) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        self._titles = [_text(title) for title in titles]
        self._vectors = None
        if any(self._titles):
            self._vectorizer = TfidfVectorizer(
                analyzer="char_wb", ngram_range=(3, 4), sublinear_tf=True, dtype=np.float32
            )
            self._vectors = self._vectorizer.fit_transform(self._titles).T.tocsr()

    def nearest(self, title: str, most: int) -> list[tuple[int, float]]:
        """The rows of the most alike titles with their cosine (0…1), best first, ties by row."""
        text = _text(title)
        if self._vectors is None or not text:
            return []
        scores = (self._vectorizer.transform([text]) @ self._vectors).toarray()[0]
        rows = np.argsort(-scores, kind="stable")[:most]
        return [(int(row), float(scores[row])) for row in rows if scores[row] > 0]


def _text(title: str) -> str:
    return " ".join(tokens(title))
