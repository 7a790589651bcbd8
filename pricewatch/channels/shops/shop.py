"""What every shop that is reached by an API has in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Generic, TypeVar

import httpx

from pricewatch.channels.api import Api, Sign
from pricewatch.channels.form import PriceForm
from pricewatch.channels.gate import never
from pricewatch.channels.plain import PlainChannel
from pricewatch.channels.shops.settings import ShopSection
from pricewatch.channels.shops.taxes import Taxes
from pricewatch.domain.errors import ChannelRefused, ChannelUnavailable, ConfigError
from pricewatch.domain.listing import Beside, Capabilities, Desired, Prediction, PushResult, PushStatus
from pricewatch.domain.money import Currency, Money, TaxRate
from pricewatch.located import Secret
from pricewatch.ports import SalesSource
from pricewatch.wire import Reply

S = TypeVar("S", bound=ShopSection)


class Shop(PlainChannel, Generic[S]):
    """A shop's name, what it can do, the form in which it keeps prices, and its API below `root`.

    A shop says by `announced` whether it shows the prior price of an announced reduction, and by `reckons` whether it
    tells the price with tax that it makes of one without.
    """

    root = ""
    announced = False
    reckons = False

    def __init__(
        self,
        name: str,
        settings: S,
        *,
        currency: str,
        transport: httpx.AsyncBaseTransport | None = None,
        stopped: Callable[[], bool] = never,
    ) -> None:
        kept, announces = settings.keeps(), self._shows_prior(settings)
        tells = frozenset(settings.masters())
        can = Capabilities(
            role=settings.role,
            batch_size=kept.batch,
            requests_per_minute=settings.rate,
            currency=Currency.of(currency).code,
            net=kept.net,
            read_delay=settings.read_delay,
            late_apply=settings.late_apply,
            catalogue=True,
            sales=isinstance(self, SalesSource),
            announces=announces,
            carries=tells | frozenset([Beside.ANNOUNCEMENT] * announces),
            tells=tells,
        )
        super().__init__(name, can, omits_announcements=settings.announcements == "omit")
        self._settings = settings
        self._form = PriceForm(self._currency.exponent if kept.decimals is None else kept.decimals, kept.net)
        self._tax = TaxRate.parse(settings.tax)
        self._taxes = Taxes(self._form, None if self.reckons else self._tax)
        self._api = Api(
            name,
            f"{settings.url}{self.root}",
            sign=self._signer(),
            words=self._words,
            rate=settings.rate,
            timeout=settings.timeout,
            stopped=stopped,
            transport=transport,
        )
        self._prepare()

    def _signer(self) -> Sign:
        """How requests prove who we are."""
        raise NotImplementedError

    def _words(self, body: bytes) -> str:
        """The shop's own words from the body of an error."""
        raise NotImplementedError

    def _shows_prior(self, settings: S) -> bool:  # noqa: ARG002 - for shops where the settings say it
        """Whether the prior price of an announced reduction is shown."""
        return self.announced

    def _prepare(self) -> None:
        """What the shop needs besides, made once."""

    def predict(self, desired: Desired) -> Prediction:
        """Say what the shop will show, from the decimals and tax side that it stores and the listing's own tax rate; an
        announced prior price has to be shown exactly as well.
        """
        if words := self._taxes.objection(desired):
            return Prediction(reachable=False, shown=desired.price, message=words)
        said = super().predict(desired)
        prior = self._struck(desired)
        if not said.reachable or prior is None:
            return said
        struck = self._form.predict(replace(desired, price=prior))
        if struck.reachable:
            return said
        return replace(
            struck, shown=said.shown, message=f"the prior price of its announced reduction: {struck.message}"
        )

    def _struck(self, desired: Desired) -> Money | None:
        """The prior price that is shown beside the price while its reduction is announced."""
        told = desired.announcement if self._capabilities.announces else None
        return told.prior if told is not None and told.prior > desired.price else None

    async def close(self) -> None:
        """Let go of all connections."""
        await self._api.close()

    async def _got(self, path: str, params: Mapping[str, str] | None = None) -> Reply:
        """Read what is always there: a refusal is about the channel, and about no listing."""
        try:
            return await self._api.get(path, params)
        except ChannelRefused as error:
            hint = "check the channel's url, and that the shop's version has this"
            raise ChannelUnavailable(error.message, where=self._name, hint=hint) from error

    def _revealed(self, secret: Secret) -> str:
        """A secret that goes into a body; a missing one stops this channel, and no other."""
        try:
            return secret.reveal()
        except ConfigError as error:
            missing = error.problems[0]
            message = f"{missing.file}: {missing.message}"
            raise ChannelUnavailable(message, where=self._name, hint=missing.hint) from error

    def _money(self, value: object, tax: TaxRate | None = None) -> Money | None:
        """The gross price of a stored amount; None when it is no amount."""
        text = "" if value is None or isinstance(value, bool) else str(value)
        return self._form.shown_text(text, self._currency, tax or self._tax) if text.strip() else None

    def _answered(self, desired: Desired, shown: Money | None) -> PushResult:
        """Accepted when the shop's answer names the price; an answer with another one is not believed."""
        if shown == desired.price:
            return PushResult(desired.remote_id, PushStatus.ACCEPTED)
        message = f"it answered {shown or 'no price'} instead of {desired.price}"
        return PushResult(desired.remote_id, PushStatus.UNKNOWN, message)


def bearer(reveal: Callable[[], str], header: str = "authorization", scheme: str = "Bearer ") -> Sign:
    """Prove who we are by a token in a header."""
    return lambda _method, _url, _params: ({header: f"{scheme}{reveal()}"}, {})
