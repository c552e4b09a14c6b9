"""Small packages, one for each layout and build backend, as users have them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

VERSION = "1.2.3"


@dataclass(frozen=True, kw_only=True)
class Layout:
    """One package.

    files: by path in its folder. imports: the modules to import. scripts: those of the console. data: resources, as
    `package:path`. from_git: whether its version comes from git. build_packages, system_packages: of PackageOptions.
    """

    files: Mapping[str, str]
    imports: tuple[str, ...]
    scripts: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    from_git: bool = False
    build_packages: tuple[str, ...] = ()
    system_packages: tuple[str, ...] = ()


def _system(requires: str, backend: str) -> str:
    return f'[build-system]\nrequires = [{requires}]\nbuild-backend = "{backend}"\n'


def _project(name: str, more: str = "", *, version: str = f'version = "{VERSION}"') -> str:
    return f'[project]\nname = "{name}"\n{version}\nrequires-python = ">=3.9"\n{more}'


SETUPTOOLS = _system('"setuptools>=77"', "setuptools.build_meta")
MAIN = "def main():\n    print('{} runs')\n"
# It reads its own metadata at import, as 73 of 656 packages do.
READS_ITSELF = "from importlib.metadata import version\n__version__ = version('{}')\n"

LAYOUTS = {
    "setuptools-src": Layout(
        files={
            "pyproject.toml": SETUPTOOLS
            + _project(
                "setuptools-src",
                'readme = "README.md"\nlicense-files = ["LICENSE*"]\nentry-points."acme.plugins".src = "st_src:main"\n'
                'scripts.st-src = "st_src:main"\n'
                '[tool.setuptools.dynamic]\nversion = { attr = "st_src.about.VERSION" }\n'
                '[tool.setuptools.package-data]\nst_src = ["data/*.json"]\n',
                version='dynamic = ["version"]',
            ),
            "README.md": "# Src\n",
            "LICENSE": "Anyone may use it.\n",
            "src/st_src/__init__.py": READS_ITSELF.format("setuptools-src") + MAIN.format("st-src"),
            "src/st_src/about.py": f'VERSION = "{VERSION}"\n',
            "src/st_src/data/rates.json": "{}\n",
            "src/st_src/data/left_out.txt": "",
            "tests/test_src.py": "raise SystemExit\n",
        },
        imports=("st_src",),
        scripts=("st-src",),
        data=("st_src:data/rates.json", "st_src:data/left_out.txt"),
    ),
    "setuptools-find": Layout(
        files={
            "pyproject.toml": SETUPTOOLS
            + _project(
                "setuptools-find",
                '[tool.setuptools]\npy-modules = ["st_single"]\n[tool.setuptools.packages.find]\ninclude = ["st_lib*"]\n',
            ),
            "st_lib/__init__.py": "",
            "st_lib/deep/__init__.py": "",
            "st_lib_extra/__init__.py": "",
            "st_single.py": "",
            "notes/__init__.py": "",
        },
        imports=("st_lib.deep", "st_lib_extra", "st_single"),
    ),
    "setuptools-legacy": Layout(
        files={
            "setup.py": "from setuptools import find_packages, setup\n"
            "setup(name='setuptools-legacy', version=open('VERSION').read().strip(), packages=find_packages('lib'),\n"
            "      long_description=open('README.rst').read(), package_dir={'': 'lib'}, include_package_data=True,\n"
            "      scripts=['bin/legacy-script'])\n",
            "MANIFEST.in": "recursive-include lib *.txt\n",
            "VERSION": f"{VERSION}\n",
            "README.rst": "Legacy\n",
            "bin/legacy-script": "#!/usr/bin/env python3\nimport legacy\nprint('legacy-script runs')\n",
            "lib/legacy/__init__.py": "",
            "lib/legacy/words.txt": "a\n",
            "lib/legacy/left_out.dat": "",
        },
        imports=("legacy",),
        scripts=("legacy-script",),
        data=("legacy:words.txt", "legacy:left_out.dat"),
    ),
    "setuptools-git": Layout(
        files={
            "pyproject.toml": _system('"setuptools>=77", "setuptools-scm>=8"', "setuptools.build_meta")
            + _project("setuptools-git", version='dynamic = ["version"]')
            + '[tool.setuptools_scm]\nroot = ".."\nversion_file = "src/st_git/_version.py"\n',
            "src/st_git/__init__.py": "from st_git._version import version\n",
            "src/st_git/tracked.json": "{}\n",
        },
        imports=("st_git",),
        data=("st_git:tracked.json", "st_git:_version.py"),
        from_git=True,
    ),
    "hatch-plain": Layout(
        files={
            "pyproject.toml": _system('"hatchling"', "hatchling.build")
            + _project("hatch-plain", 'scripts.hatch-plain = "acme_hatch.cli:main"\n')
            + '[tool.hatch.build.targets.wheel]\npackages = ["python/acme_hatch"]\n'
            '[tool.hatch.build.targets.wheel.force-include]\n"../shared/rates.csv" = "acme_hatch/rates.csv"\n',
            "python/acme_hatch/__init__.py": READS_ITSELF.format("hatch-plain"),
            "python/acme_hatch/cli.py": MAIN.format("hatch-plain"),
            "python/acme_hatch/.hidden": "",
        },
        imports=("acme_hatch",),
        scripts=("hatch-plain",),
        data=("acme_hatch:rates.csv", "acme_hatch:.hidden"),
    ),
    "hatch-git": Layout(
        files={
            "pyproject.toml": _system('"hatchling", "hatch-vcs"', "hatchling.build")
            + _project("hatch-git", version='dynamic = ["version"]')
            + '[tool.hatch.version]\nsource = "vcs"\nraw-options = { root = ".." }\n'
            '[tool.hatch.build.hooks.vcs]\nversion-file = "src/hatch_git/_version.py"\n',
            "src/hatch_git/__init__.py": "from hatch_git._version import __version__\n",
        },
        imports=("hatch_git",),
        data=("hatch_git:_version.py",),
        from_git=True,
    ),
    "flit-plain": Layout(
        files={
            "pyproject.toml": _system('"flit_core>=3.11,<5"', "flit_core.buildapi")
            + _project("flit-plain", version='dynamic = ["version", "description"]')
            + '[tool.flit.module]\nname = "flit_plain"\n',
            "src/flit_plain/__init__.py": f'"""A flit package."""\n__version__ = "{VERSION}"\n',
            "src/flit_plain/words.txt": "",
        },
        imports=("flit_plain",),
        data=("flit_plain:words.txt",),
    ),
    "pdm-git": Layout(
        files={
            "pyproject.toml": _system('"pdm-backend"', "pdm.backend")
            + _project("pdm-git", version='dynamic = ["version"]')
            + '[tool.pdm.version]\nsource = "scm"\nwrite_to = "pdm_git/_version.py"\n'
            "write_template = \"__version__ = '{}'\"\n",
            "src/pdm_git/__init__.py": "from pdm_git._version import __version__\n",
        },
        imports=("pdm_git",),
        from_git=True,
    ),
    "poetry-plain": Layout(
        files={
            "pyproject.toml": _system('"poetry-core>=2"', "poetry.core.masonry.api")
            + f'[tool.poetry]\nname = "poetry-plain"\nversion = "{VERSION}"\ndescription = ""\nauthors = []\n'
            'packages = [{ include = "one", from = "lib" }, { include = "two.py", from = "lib" }]\n'
            'include = [{ path = "lib/one/generated.json", format = ["wheel"] }]\n'
            '[tool.poetry.scripts]\npoetry-plain = "one:main"\n'
            '[tool.poetry.plugins."acme.plugins"]\npoetry = "one:main"\n'
            '[tool.poetry.dependencies]\npython = "^3.9"\nsetuptools-src = { path = "../setuptools-src" }\n',
            "lib/one/__init__.py": MAIN.format("poetry-plain"),
            "lib/one/generated.json": "{}\n",
            "lib/two.py": "",
            "lib/three.py": "",
        },
        imports=("one", "two"),
        scripts=("poetry-plain",),
        data=("one:generated.json",),
    ),
    "uv-plain": Layout(
        files={
            "pyproject.toml": _system('"uv_build>=0.8"', "uv_build")
            + _project("uv-plain", 'scripts.uv-plain = "acme.uv_part:main"\n')
            + '[tool.uv.build-backend]\nmodule-name = "acme.uv_part"\n',
            "src/acme/uv_part/__init__.py": MAIN.format("uv-plain"),
        },
        imports=("acme.uv_part",),
        scripts=("uv-plain",),
    ),
    "namespace-part": Layout(
        files={
            "pyproject.toml": SETUPTOOLS
            + _project("namespace-part")
            + '[tool.setuptools.packages.find]\nwhere = ["src"]\nnamespaces = true\n',
            "src/acme/other_part/__init__.py": "",
            "src/acme/other_part/static/a/b.txt": "",
        },
        imports=("acme.other_part",),
        data=("acme.other_part:static/a/b.txt",),
    ),
}
_METHODS = """
static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, 0}, {0, 0, 0, 0}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_fast", 0, -1, methods};
PyMODINIT_FUNC PyInit__fast(void) { return PyModule_Create(&module); }
"""
_C = ("gcc", "libc6-dev", "python3-dev")
# What needs a compiler in the builder stage, on Debian.
COMPILED = {
    "c-extension": Layout(
        files={
            "pyproject.toml": SETUPTOOLS
            + _project("c-extension")
            + '[[tool.setuptools.ext-modules]]\nname = "fast._fast"\nsources = ["src/fast/_fast.c"]\n',
            "src/fast/__init__.py": "from fast._fast import answer\nassert answer() == 42\n",
            "src/fast/_fast.c": "#include <Python.h>\n"
            "static PyObject *answer(PyObject *s, PyObject *a) { return PyLong_FromLong(42); }" + _METHODS,
        },
        imports=("fast",),
        build_packages=_C,
    ),
    # It also needs a library of the system when it runs. cmake and ninja are wheels that its backend asks for.
    "cmake-extension": Layout(
        files={
            "pyproject.toml": _system('"scikit-build-core"', "scikit_build_core.build")
            + _project("cmake-extension"),
            "CMakeLists.txt": "cmake_minimum_required(VERSION 3.15)\nproject(part LANGUAGES C)\n"
            "find_package(Python REQUIRED COMPONENTS Interpreter Development.Module)\n"
            "Python_add_library(_fast MODULE src/_fast.c WITH_SOABI)\n"
            "target_link_libraries(_fast PRIVATE yaml)\ninstall(TARGETS _fast DESTINATION cmake_extension)\n",
            "src/cmake_extension/__init__.py": "from cmake_extension._fast import answer\nassert answer()[:2] == '0.'\n",
            "src/_fast.c": "#include <Python.h>\n#include <yaml.h>\n"
            "static PyObject *answer(PyObject *s, PyObject *a)"
            " { return PyUnicode_FromString(yaml_get_version_string()); }" + _METHODS,
        },
        imports=("cmake_extension",),
        build_packages=(*_C, "libyaml-dev"),
        system_packages=("libyaml-0-2",),
    ),
    "rust-program": Layout(
        files={
            "pyproject.toml": _system('"maturin>=1.7,<2"', "maturin")
            + _project("rust-program")
            + '[tool.maturin]\nbindings = "bin"\n',
            "Cargo.toml": f'[package]\nname = "rust-program"\nversion = "{VERSION}"\nedition = "2021"\n',
            "src/main.rs": 'fn main() {\n    println!("rust-program runs");\n}\n',
        },
        imports=(),
        scripts=("rust-program",),
        build_packages=("cargo", *_C),
    ),
}
# Beside the packages.
SHARED = {"shared/rates.csv": "1\n"}
# Asks an installation what it has, and prints that as JSON. argv: the layouts, as JSON.
PROBE = """
import importlib, importlib.metadata, importlib.resources, json, subprocess, sys
found = {}
for name, (imports, scripts, data) in json.loads(sys.argv[1]).items():
    distribution = importlib.metadata.distribution(name)
    for module in imports:
        importlib.import_module(module)
    found[name] = {
        "version": distribution.version,
        "entry_points": sorted(f"{e.group}: {e.name} = {e.value}" for e in distribution.entry_points),
        "files": sorted(
            str(f) for f in distribution.files
            if not any(part in str(f) for part in (".dist-info/", "__pycache__", "bin/"))
        ),
        "scripts": {s: subprocess.check_output([s], text=True) for s in scripts},
        "data": {
            each: importlib.resources.files(each.partition(":")[0]).joinpath(each.partition(":")[2]).is_file()
            for each in data
        },
    }
print(json.dumps(found, sort_keys=True))
"""
