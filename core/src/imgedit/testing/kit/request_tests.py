"""Standard tests with requests that are drawn from the provider's own manifest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from attrs import evolve, frozen

from ...contract.image import ImageSource
from ...contract.model import Model
from ...contract.request import EditRequest, Reference
from ...discovery import values
from ...errors import PluginError
from ...manifest.keys import TEXTS
from .flow_tests import TAKEN, WHOLE
from .load_tests import LOADS
from .play import BUILT, play
from .standard import skip, standard
from .subject import said

if TYPE_CHECKING:
    from .draw import Draw, Drawer
    from .subject import Subject

NEVER_RAISE = "test_validate_and_price_never_raise"
SAME_BYTES = "test_drawn_requests_are_built"
_MOST_MODELS = 60
_MOST_SENT = 300
_REPAIRS = 12


class RequestTests:
    """Whatever the manifest promises to take is taken, sent whole, or refused."""

    level: int

    @standard(needs=[LOADS])
    def test_validate_and_price_never_raise(self, subject: Subject) -> None:
        """`validate` and `price` have an answer for every request, right or wrong.

        If this fails: the hook relies on what a request need not have (a prompt of no letters, a
        picture whose size is unknown, an option of another type), or makes a price from a float.
        """
        draw = drawing()
        models = _models(subject)

        def test(one: Draw) -> None:
            model = models[one(draw.st.integers(0, len(models) - 1))]
            request = draw.anything(one, subject.manifest, model)
            _answers(subject, "validate", values.problems, request, model)

        def priced(one: Draw, kind: Kind) -> None:
            # A price is asked of what was taken only.
            request = some_request(subject, one, kind)
            if request is not None:
                _answers(subject, "price", values.quote, request, kind.model)

        draw.run_drawn(test, _examples(subject))
        for kind in kinds(subject):
            kind.run(priced, share=2)

    @standard(needs=[LOADS, TAKEN, *WHOLE, NEVER_RAISE])
    def test_drawn_requests_are_built(self, subject: Subject) -> None:
        """Every request that is taken can be sent, and is the same bytes when built again.

        If this fails: `build_request` cannot do what the manifest's limits promise: extend it, or
        narrow the limit. Bytes that differ come from something beside the job.
        """
        _reaches_the_submit(subject)
        for kind in kinds(subject):
            kind.run(lambda draw, kind: _built_twice(subject, draw, kind))

    @standard(needs=[LOADS, TAKEN, *WHOLE, NEVER_RAISE, SAME_BYTES])
    def test_every_field_is_sent(self, subject: Subject) -> None:
        """A field that is taken and set makes a difference: nothing is dropped silently.

        It changes what is sent, or which of the recorded results is taken.

        If this fails: name the field in the manifest's `wire` (then `job.wire()` has it) or put it
        into the body, or remove its limit: it is then refused.
        """
        _reaches_the_submit(subject)
        tried: dict[str, bool] = {}
        for kind in kinds(subject):
            for key in ("prompt", *kind.fields):
                tried[key] = _is_sent(subject, kind, key) or tried.get(key, False)
        never = [key for key, was in tried.items() if not was]
        assert not never or not subject.described, (
            f"no request with {', '.join(never)} was taken, whatever was drawn: does the manifest "
            "list what `validate` refuses? (For a provider that knows some prompts only: `prompts`)"
        )
        for model in subject.manifest.models[:_MOST_SENT]:
            _model_is_sent(subject, model)

    @standard(needs=[LOADS])
    def test_what_is_not_listed_is_refused(self, subject: Subject) -> None:
        """For every model, each field that it does not list is a Problem, before anything is sent.

        If this fails: a limit that is absent or null means "not taken"; nothing may take it
        nevertheless.
        """
        provider = subject.hooks.provider
        request = evolve(subject.request, mask=None, references=(), options={}, n=1)
        unset: dict[str, Any] = dict.fromkeys(TEXTS)
        request = evolve(request, seed=None, **unset)
        picture = ImageSource(
            media_type="image/png", width=512, height=384, size=1000, sha256="d" * 64
        )
        fields: dict[str, dict[str, Any]] = {
            "n": {"n": 2},
            "seed": {"seed": 7},
            "mask": {"mask": picture},
            "references": {"references": (Reference(picture),)},
            "references.description": {"references": (Reference(picture, "a hat"),)},
            "options.unheard_of": {"options": {"unheard_of": 1}},
            **{name: {name: "auto"} for name in TEXTS},
        }
        for model in subject.manifest.models:
            for key, change in fields.items():
                if model.limits.get(key) is not None:
                    continue
                problems = provider.validate(evolve(request, model=model.id, **change), model)
                assert problems.problems, f"{model.id} does not list {key}, and takes it"


@frozen(kw_only=True)
class Kind:
    """Models that take the same: one of them, its fields, and how many requests are drawn."""

    model: Model
    fields: tuple[str, ...]
    drawer: Drawer
    examples: int

    def run(self, test: Callable[[Draw, Kind], None], share: int = 1) -> None:
        """Run a test with drawn values."""
        drawing().run_drawn(lambda draw: test(draw, self), max(2, self.examples // share))


def drawing() -> Any:
    """The module that draws; skips where Hypothesis is not installed."""
    try:
        from . import draw
    except ModuleNotFoundError as error:
        if error.name != "hypothesis":
            raise
        skip("it needs Hypothesis: pip install 'imgedit-core[testing]'")
    return draw


def _examples(subject: Subject) -> int:
    return int(subject.tests.examples)


def _models(subject: Subject) -> list[Model]:
    return list(drawing().groups(subject.manifest))[:_MOST_MODELS]


def kinds(subject: Subject) -> Iterator[Kind]:
    """Every kind of model that the provider has."""
    draw = drawing()
    models = _models(subject)
    drawer = draw.Drawer(
        manifest=subject.manifest,
        prompts=tuple(subject.tests.prompts),
        url=subject.request.image.url,
    )
    examples = max(3, _examples(subject) // len(models))
    for model in models:
        fields = tuple(draw.fields_of(model))
        yield Kind(model=model, fields=fields, drawer=drawer, examples=examples)


def some_request(subject: Subject, draw: Draw, kind: Kind) -> EditRequest | None:
    """A request with some of the fields that is taken, None when none was found."""
    chosen = [key for key in kind.fields if draw(drawing().st.booleans())]
    return _taken(subject, kind.drawer, draw, kind.model, chosen)


def _answers(subject: Subject, hook: str, check: Any, request: EditRequest, model: Model) -> None:
    try:
        check(subject.hooks.call(hook, request=request, model=model))
    except values.BadValue as bad:
        raise AssertionError(f"{hook} returned {bad} for {request}") from None
    except Exception as error:
        raise AssertionError(f"{hook} raised {said(error)} for {request}") from None


def _reaches_the_submit(subject: Subject) -> None:
    """Skips when nothing is recorded and other exchanges come before the submit."""
    first = play(subject.hooks, subject.job(), subject.script, until="submit")
    if subject.bare and first.trouble is not None:
        skip("no answers are recorded: give `answers`")


def _built_twice(subject: Subject, draw: Draw, kind: Kind) -> None:
    request = some_request(subject, draw, kind)
    if request is not None:
        first, second = (_submit(subject, request) for _ in range(2))
        assert first == second, f"built twice it differs: {request}"


def _is_sent(subject: Subject, kind: Kind, key: str) -> bool:
    """See that a field makes a difference; whether one request at least could tell."""
    chosen = [] if key == "prompt" else [key]
    if key == "references.description":
        chosen.append("references")
    if key == "seed" and "n" in kind.fields:
        chosen.append("n")
    seen: list[bool] = []

    def test(draw: Draw, kind: Kind) -> None:
        request = _taken(subject, kind.drawer, draw, kind.model, chosen, keep=key)
        if request is None:
            return
        # A picture that is uploaded and then not named is dropped all the same.
        last = key in ("mask", "references")
        sent = _submit(subject, request, last_only=last)
        for other in _without(request, kind.model, key, subject):
            if _is_taken(subject, other, kind.model):
                same = _submit(subject, other, last_only=last) == sent
                differs = not same or _result(subject, request) != _result(subject, other)
                seen.append(differs)
                # Where nothing is left to chance a seed makes no difference, nor does a field that
                # says what the prompt says, too: without the author's prompts that may happen.
                assert differs or key == "seed" or not subject.described, dropped
                break

    dropped = f"{kind.model.id} takes {key}, and with or without it the same is sent"
    kind.run(test, share=4)
    assert any(seen) or not seen, dropped
    return bool(seen)


def _taken(
    subject: Subject,
    drawer: Drawer,
    draw: Draw,
    model: Model,
    fields: list[str],
    *,
    keep: str | None = None,
) -> EditRequest | None:
    """A drawn request that is taken; fields that are in the way of a rule are left out or added."""
    chosen = list(dict.fromkeys(fields))
    every = drawing().fields_of(model)
    for _ in range(_REPAIRS):
        request = drawer.request(draw, model, chosen)
        problems = subject.hooks.provider.validate(request, model).problems
        if not problems:
            return request
        wrong = problems[0].path.strip("/").replace("options/", "options.").split("/")[0]
        if wrong in chosen and wrong != keep:
            chosen.remove(wrong)
        elif wrong in every and wrong not in chosen:
            chosen.append(wrong)
        elif wrong == "references" and "references.description" in every:
            chosen.append("references.description")
        elif len(chosen) > 1:
            chosen = [key for key in chosen if key == keep] or chosen[:1]
    return None


def _is_taken(subject: Subject, request: EditRequest, model: Model) -> bool:
    return not subject.hooks.provider.validate(request, model).problems


def _without(
    request: EditRequest, model: Model, key: str, subject: Subject
) -> Iterator[EditRequest]:
    """The request with this one field unset, or otherwise."""
    from .draw import other_value

    fragment = model.limits.get(key) or {}
    name = key.partition(".")[2]
    if key == "prompt":
        usual = (request.prompt + "x", request.prompt[:-1] + "y", *fragment.get("examples", ()))
        for prompt in subject.tests.prompts or usual:
            if prompt != request.prompt:
                yield evolve(request, prompt=prompt)
    elif key == "references.description":
        bare = tuple(evolve(one, description=None) for one in request.references)
        yield evolve(request, references=bare)
        more = tuple(
            evolve(one, description=(one.description or "") + "x") for one in request.references
        )
        yield evolve(request, references=more)
    elif key == "references":
        yield evolve(request, references=request.references[:-1])
    elif key == "mask":
        yield evolve(request, mask=None)
    elif key.startswith("options."):
        rest = {one: value for one, value in request.options.items() if one != name}
        yield evolve(request, options=rest)
        other = other_value(request.options.get(name), fragment, key)
        if other is not None:
            yield evolve(request, options={**rest, name: other})
    else:
        value = getattr(request, key)
        other = other_value(value, fragment, key)
        if other is not None:
            yield _with(request, key, other)
        if key != "n":
            yield _with(request, key, None)


def _with(request: EditRequest, key: str, value: Any) -> EditRequest:
    change: dict[str, Any] = {key: value}
    return evolve(request, **change)


def _submit(subject: Subject, request: EditRequest, *, last_only: bool = False) -> bytes:
    """Everything up to the submit as bytes, or the submit alone."""
    flow = play(subject.hooks, subject.job(request), subject.script, until="submit")
    if flow.trouble is not None:
        hint = ""
        if flow.trouble.test != BUILT:
            hint = " (where an answer depends on the request, give a function in `answers`)"
        raise AssertionError(f"{flow.trouble.said}{hint}, for {request}")
    assert flow.pending is not None
    before = [] if last_only else [one.sent.whole() for one in flow.exchanges]
    return b"\n\n".join([*before, flow.pending.whole()])


def _result(subject: Subject, request: EditRequest) -> str | None:
    """What the recorded answers lead to: a field may decide which of the results is taken."""
    if subject.manifest.local:
        return None
    done = play(subject.hooks, subject.job(request), subject.script).done
    return None if done is None else repr(done)


def _model_is_sent(subject: Subject, model: Model) -> None:
    if model.send is None or model.wire.get("model") is None:
        return
    request = evolve(subject.request, model=model.id)
    if not _is_taken(subject, request, model):
        return
    try:
        sent = _submit(subject, request)
    except (AssertionError, PluginError):
        return
    values = {model.send.encode(), quote(model.send, safe="").encode()}
    spec = model.wire["model"]
    if isinstance(spec, dict):
        values.add(str(spec.get("values", {}).get(model.send, model.send)).encode())
    assert any(value in sent for value in values), f"the model {model.send!r} is not sent"
