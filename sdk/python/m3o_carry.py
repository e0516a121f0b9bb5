"""Carries a call's context (environment, trace, hops) on to the calls that are made while it is answered.

Loaded before every Python service (sitecustomize). Nothing is imported for it that the service does not import itself:
each library is prepared once it has been loaded. Context goes to the gateway alone; nobody else is to learn of it.
"""
import os
import sys
import time
import weakref
from _thread import get_ident
from contextvars import ContextVar

CARRIED = ('baggage', 'traceparent', 'tracestate', 'm3o-hops')
OURS = 'm3o-env'

# Seconds after its answer for which the work for a call may go on.
AFTER_ANSWER = 600


class Call(dict):
    """The headers of a call that are carried, by lower-case name."""
    answered = None


# The call being answered, and the thread and task that answer it; another one has been given it, or takes work from a queue.
state = ContextVar('m3o_call', default=None)
place = ContextVar('m3o_place', default=None)
WORKER = 'worker'


def _here():
    loops = sys.modules.get('asyncio')
    task = loops and loops._get_running_loop() and loops.current_task()
    return (get_ident(), id(task) if task else None)


def current():
    """The call for which something is asked now. What goes on long after its answer is no longer done for it."""
    call = state.get()
    if call is None or call.answered is None or time.monotonic() - call.answered < AFTER_ANSWER:
        return call
    return None


# Which requests go to the gateway, and what they get.

def _read_gateway(text):
    scheme, _, rest = (text or '').partition('://')
    netloc, slash, path = rest.partition('/')
    if scheme != 'http' or not slash:
        return None
    host, colon, port = netloc.rpartition(':')
    return (host if colon else netloc, int(port) if colon else 80, '/' + path.rstrip('/') + '/')


GATEWAY = _read_gateway(os.environ.get('M3O_GATEWAY'))


def _is_gateway(host, port, path):
    return GATEWAY is not None and path.startswith(GATEWAY[2]) and host == GATEWAY[0] and (port or 80) == GATEWAY[1]


def headers_for(own):
    """What a request has to say; `own(name)` is what the service itself put there, or None."""
    call = current()
    for name in CARRIED if call else ():
        value = call.get(name)
        if value is None:
            continue
        there = own(name)
        if there is None or name == 'm3o-hops':
            yield name, value
        elif name == 'baggage':
            yield name, merge_baggage(value, there)


def merge_baggage(inbound, own):
    """The service's own members, and of the call's those that it says nothing else of (https://www.w3.org/TR/baggage/)."""
    keys = {_key(member) for member in own.split(',')}
    if OURS in keys:
        return own
    members = [member for member in inbound.split(',') if _key(member) not in keys] + own.split(',')
    return ','.join(member.strip() for member in members if member.strip())


def _key(member):
    return member.partition('=')[0].strip()


# What is being answered.

def enter(pairs):
    """From here on this call is answered: `pairs` are its headers."""
    call = Call()
    for name, value in pairs:
        if isinstance(name, bytes):
            name, value = name.decode('latin-1'), value.decode('latin-1')
        name = name.lower()
        if name in CARRIED:
            call[name] = call[name] + ',' + value if name in call else value
    place.set(_here())
    return state.set(call)


def leave(token):
    call = state.get()
    if call is not None:
        call.answered = time.monotonic()
    state.reset(token)


def _enter_environ(environ):
    # WSGI does not say when the one before was answered.
    before = state.get()
    if before is not None and place.get() == _here():
        before.answered = time.monotonic()
    return enter((name, environ[key]) for name, key in _environ_keys if key in environ)


_environ_keys = [(name, 'HTTP_' + name.upper().replace('-', '_')) for name in CARRIED]


def _wrap(owner, name, make):
    original = getattr(owner, name, None)
    if original is None or getattr(original, '_m3o', False):
        return
    wrapped = make(original)
    wrapped._m3o = True
    wrapped.__wrapped__ = original
    wrapped.__name__ = getattr(original, '__name__', name)
    setattr(owner, name, wrapped)


def _asgi(original):
    async def call(self, scope, *args, **kwargs):
        if scope.get('type') not in ('http', 'websocket'):
            return await original(self, scope, *args, **kwargs)
        token = enter(scope['headers'])
        try:
            return await original(self, scope, *args, **kwargs)
        finally:
            leave(token)
    return call


def _wsgi(original):
    def call(self, environ, *args, **kwargs):
        _enter_environ(environ)
        return original(self, environ, *args, **kwargs)
    return call


def _http_server(module):
    handler = module.BaseHTTPRequestHandler

    def parse(original):
        def parse_request(self):
            known = original(self)
            if known:
                enter(self.headers.items())
            return known
        return parse_request

    def handle(original):
        def handle_one_request(self):
            token = state.set(None)
            try:
                return original(self)
            finally:
                leave(token)
        return handle_one_request

    _wrap(handler, 'parse_request', parse)
    _wrap(handler, 'handle_one_request', handle)


def _gunicorn(module):
    def make(original):
        def create(*args, **kwargs):
            response, environ = original(*args, **kwargs)
            _enter_environ(environ)
            return response, environ
        return create
    _wrap(module, 'create', make)


def _waitress(module):
    def make(original):
        def get_environment(self):
            environ = original(self)
            _enter_environ(environ)
            return environ
        return get_environment
    _wrap(module.WSGITask, 'get_environment', make)


def _uvicorn(module):
    def make(original):
        def load(self, *args, **kwargs):
            result = original(self, *args, **kwargs)
            app = self.loaded_app

            async def carried(scope, receive, send):
                return await call(None, scope, receive, send)

            call = _asgi(lambda _, scope, receive, send: app(scope, receive, send))
            self.loaded_app = carried
            return result
        return load
    _wrap(module.Config, 'load', make)


def _hypercorn(module):
    _wrap(module.ASGIWrapper, '__call__', _asgi)
    _wrap(module.WSGIWrapper, 'run_app', _wsgi)


def _aiohttp_server(module):
    def make(original):
        async def handle(self, request, *args, **kwargs):
            token = enter(request.headers.items())
            try:
                return await original(self, request, *args, **kwargs)
            finally:
                leave(token)
        return handle
    _wrap(module.RequestHandler, '_handle_request', make)


# Calls: http.client is under urllib, requests and urllib3; httpcore is under httpx.

def _http_client(module):
    def make(original):
        def endheaders(self, *args, **kwargs):
            lines = self._buffer
            if current() and lines and _is_gateway(self.host, self.port, lines[0].split(b' ')[1].decode('latin-1')):
                found = {line.partition(b':')[0].decode('latin-1').lower(): at for at, line in enumerate(lines) if at > 0}

                def own(name):
                    return lines[found[name]].partition(b':')[2].strip().decode('latin-1') if name in found else None

                for name, value in list(headers_for(own)):
                    line = f'{name}: {value}'.encode('latin-1')
                    if name in found:
                        lines[found[name]] = line
                    else:
                        lines.append(line)
            return original(self, *args, **kwargs)
        return endheaders
    _wrap(module.HTTPConnection, 'endheaders', make)


def _add_to_httpcore(request):
    url = request.url
    if not current() or not _is_gateway(url.host.decode('latin-1'), url.port, url.target.decode('latin-1')):
        return
    headers = list(request.headers)
    found = {name.decode('latin-1').lower(): at for at, (name, _) in enumerate(headers)}
    for name, value in list(headers_for(lambda name: headers[found[name]][1].decode('latin-1') if name in found else None)):
        pair = (name.encode('latin-1'), value.encode('latin-1'))
        if name in found:
            headers[found[name]] = pair
        else:
            headers.append(pair)
    request.headers = headers


def _httpcore(module):
    def make(original):
        def handle(self, request):
            _add_to_httpcore(request)
            return original(self, request)
        return handle
    for name in ('ConnectionPool', 'AsyncConnectionPool'):
        if hasattr(module, name):
            _wrap(getattr(module, name), 'handle_request' if name == 'ConnectionPool' else 'handle_async_request', make)


def _aiohttp_client(module):
    def make(original):
        def send(self, *args, **kwargs):
            url = self.url
            if current() and _is_gateway(url.raw_host, url.port, url.raw_path):
                for name, value in list(headers_for(self.headers.get)):
                    self.headers[name] = value
            return original(self, *args, **kwargs)
        return send
    _wrap(module.ClientRequest, 'send', make)


# Threads begin without a context.

def _run_in(call, function, args, kwargs):
    token, was = state.set(call), place.set(None)
    try:
        return function(*args, **kwargs)
    finally:
        state.reset(token)
        place.reset(was)


def _threading(module):
    def make(original):
        def start(self):
            call = state.get()
            if call is not None:
                run = self.run
                self.run = lambda: _run_in(call, run, (), {})
            return original(self)
        return start
    _wrap(module.Thread, 'start', make)


def _executor(module):
    def make(original):
        def submit(self, function, /, *args, **kwargs):
            return original(self, _run_in, state.get(), function, args, kwargs)
        return submit

    def make_begin(original):
        def begin(self):
            # Its threads work for all: they are not of the call that happens to need one more.
            token = state.set(None)
            try:
                return original(self)
            finally:
                state.reset(token)
        return begin
    _wrap(module.ThreadPoolExecutor, 'submit', make)
    _wrap(module.ThreadPoolExecutor, '_adjust_thread_count', make_begin)


def _future(module):
    def make(original):
        def add_done_callback(self, function):
            call = state.get()
            return original(self, lambda future: _run_in(call, function, (future,), {}))
        return add_done_callback
    _wrap(module.Future, 'add_done_callback', make)


# Who takes work out of a queue works for whoever put it there.

class _Putters:
    """Which call each thing in a queue was put there by; of what is lent and given back, as connections are, that says nothing."""

    def __init__(self):
        self.calls = {}
        self.lent = {}

    def put(self, item):
        lent = self.lent.get(id(item))
        self.calls.setdefault(id(item), []).append(LENT if lent is not None and lent() is item else state.get())

    def take(self, item):
        key = id(item)
        calls = self.calls.get(key, [None])
        call = calls.pop(0)
        if not calls:
            self.calls.pop(key, None)
        try:
            self.lent[key] = weakref.ref(item, lambda _: self.lent.pop(key, None))
        except TypeError:
            pass  # Text, numbers and tuples are not lent.
        if call is not LENT:
            _work_for(call)


LENT = object()


def _work_for(call):
    mine = state.get()
    if mine is not None and place.get() == _here():
        return  # It answers a call itself.
    if mine is None or place.get() == WORKER:
        state.set(call)
    elif mine is not call:
        # It was begun by one call and takes what another put there: is it work? Only from the next on is that certain.
        state.set(None)
    else:
        return
    place.set(WORKER)


def _putters(queue):
    putters = queue.__dict__.get('_m3o')
    if putters is None:
        putters = queue._m3o = _Putters()
    return putters


def _put(original):
    def put(self, item):
        original(self, item)
        _putters(self).put(item)
    return put


def _queue(module):
    """Their locks are held while anything is put or taken. A last-in-first-out queue is none: urllib3 keeps connections in one."""
    def make_get(original):
        def get(self, *args, **kwargs):
            item = original(self, *args, **kwargs)
            if not isinstance(self, module.LifoQueue):
                with self.mutex:
                    putters = _putters(self)
                putters.take(item)
            return item
        return get

    for kind in (module.Queue, module.PriorityQueue):
        _wrap(kind, '_put', _put)
    _wrap(module.Queue, 'get', make_get)


def _asyncio_queue(module):
    def make_get_nowait(original):
        def get_nowait(self):
            item = original(self)
            if not isinstance(self, module.LifoQueue):
                _putters(self).take(item)
            return item
        return get_nowait

    for kind in (module.Queue, module.PriorityQueue):
        _wrap(kind, '_put', _put)
    _wrap(module.Queue, 'get_nowait', make_get_nowait)


def _framework(path, make):
    """Those of frameworks, for servers that are not known here."""
    names = path.split('.')

    def patch(module):
        owner = getattr(module, names[0], None)
        if owner is not None:
            _wrap(owner, names[1], make)
    return patch


PATCHES = {
    'http.server': _http_server,
    'gunicorn.http.wsgi': _gunicorn,
    'waitress.task': _waitress,
    'uvicorn.config': _uvicorn,
    'hypercorn.app_wrappers': _hypercorn,
    'aiohttp.web_protocol': _aiohttp_server,
    'starlette.applications': _framework('Starlette.__call__', _asgi),
    'django.core.handlers.asgi': _framework('ASGIHandler.__call__', _asgi),
    'django.core.handlers.wsgi': _framework('WSGIHandler.__call__', _wsgi),
    'flask.app': _framework('Flask.wsgi_app', _wsgi),
    'http.client': _http_client,
    'httpcore._sync.connection_pool': _httpcore,
    'httpcore._async.connection_pool': _httpcore,
    'aiohttp.client_reqrep': _aiohttp_client,
    'threading': _threading,
    'queue': _queue,
    'asyncio.queues': _asyncio_queue,
    'concurrent.futures.thread': _executor,
    'concurrent.futures._base': _future,
}


class _Loader:
    """Loads a module as its own loader does, and then prepares it."""

    def __init__(self, loader, patch):
        self._loader = loader
        self._patch = patch

    def __getattr__(self, name):
        return getattr(self._loader, name)

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        module.__spec__.loader = module.__loader__ = self._loader
        self._loader.exec_module(module)
        _prepare(self._patch, module)


class _Finder:
    def find_spec(self, name, path=None, target=None):
        patch = PATCHES.get(name)
        if patch is None:
            return None
        for finder in sys.meta_path:
            find = None if finder is self else getattr(finder, 'find_spec', None)
            spec = find and find(name, path, target)
            if spec is not None:
                if hasattr(spec.loader, 'exec_module'):
                    spec.loader = _Loader(spec.loader, patch)
                return spec
        return None


def _prepare(patch, module):
    try:
        patch(module)
    except Exception as error:  # The service is to run in any case; what it loses is counted at the gateway.
        print(f'm3o: {module.__name__} does not carry the context of calls: {error!r}', file=sys.stderr)


def install():
    if GATEWAY is None:
        return
    sys.meta_path.insert(0, _Finder())
    for name, patch in PATCHES.items():
        module = sys.modules.get(name)
        if module is not None:
            _prepare(patch, module)
