"""Builds the native parts: the Cython modules, then the plugins (csrc/build_plugins.py)."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import sysconfig
from pathlib import Path
from typing import ClassVar

from setuptools import Command, Extension, setup
from setuptools.command.build import build
from setuptools.command.build_ext import build_ext
from setuptools.errors import PlatformError

ROOT = Path(__file__).resolve().parent
os.chdir(ROOT)  # setuptools wants every path relative to this folder
sys.path.insert(0, "csrc")

import build_plugins as native  # noqa: E402

# Files of the repository that the package ships under another name: target folder, source, glob.
# An editable install ships none of them: nexus/_internal/paths.py then looks into the repository.
SHIPPED = [
    ("nexus/include", Path("csrc/include"), "**/*"),
    ("nexus/device_lib", Path("schema/device_lib"), "*.json"),
    ("nexus/device_lib", Path("schema"), "gpu_architecture_schema.json"),
]


def cython_extensions() -> list[Extension]:
    """Return one extension for each .pyx of the package, named as its place says."""
    return [
        Extension(
            ".".join(path.with_suffix("").parts),
            [str(path)],
            include_dirs=["csrc/include"],
            depends=[str(header) for header in native.headers_in([Path("csrc/include")])],
            language="c++",
        )
        for path in sorted(Path("nexus").rglob("*.pyx"))
    ]


class BuildExt(build_ext):
    """Runs Cython and the compiler, with the flags that the plugins have too."""

    def run(self) -> None:
        """Build every extension, as many at a time as there are processors."""
        from Cython.Build import cythonize

        header = Path(sysconfig.get_path("include"), "Python.h")
        if not header.exists():
            raise PlatformError(
                f"{header} is missing: the headers of this Python are needed to build nexus. "
                "Install them (Debian, Ubuntu: apt-get install python3-dev; Fedora: dnf install "
                "python3-devel), or use another Python 3.11 or newer."
            )
        compiler = shlex.join(native.find_compiler())
        for variable in "CC", "CXX":  # Python may remember a compiler that is not here
            os.environ.setdefault(variable, compiler)
        shown, show = native.exports()
        for extension, made in zip(
            self.extensions,
            cythonize(self.extensions, build_dir="build/cython", language_level=3),
            strict=True,
        ):
            extension.sources = made.sources
            extension.depends = [*extension.depends, f"csrc/{shown.name}"]
            # What Cython writes has parameters it does not use.
            extension.extra_compile_args = [*native.compile_flags(), "-Wno-unused-parameter"]
            extension.extra_link_args = [*native.link_flags(), show]
        self.parallel = os.cpu_count()
        self.in_tree = bool(self.inplace)  # super().run() clears it while it builds
        super().run()

    def build_extension(self, ext: Extension) -> None:
        """Build one extension; in the source tree, what is there counts as built before."""
        name = self.get_ext_filename(ext.name)
        if self.in_tree and Path(name).exists():
            self.mkpath(str(Path(self.build_lib, name).parent))
            shutil.copy2(name, Path(self.build_lib, name))
        super().build_extension(ext)


class BuildPlugins(Command):
    """Builds the plugins and puts headers and device files into the package."""

    description = "build the plugins under csrc/plugins"
    user_options: ClassVar = [("inplace", "i", "put the plugins into nexus/plugins of this tree")]
    boolean_options: ClassVar = ["inplace"]

    def initialize_options(self) -> None:
        """Declare the options."""
        self.inplace = False
        self.editable_mode = False  # set by setuptools for `pip install -e`
        self.build_lib = None
        self.build_temp = None

    def finalize_options(self) -> None:
        """Take the folders of `build`."""
        self.set_undefined_options("build", ("build_lib",) * 2, ("build_temp",) * 2)

    def run(self) -> None:
        """Build into the package that is being made, or into the source tree."""
        in_tree = self.inplace or self.editable_mode
        temp = Path("build/plugins") if in_tree else Path(self.build_temp, "plugins")
        package = Path() if in_tree else Path(self.build_lib)
        native.build_plugins(Path("csrc"), package / "nexus/plugins", temp)
        if not in_tree:
            for target, source in self.shipped().items():
                Path(target).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)

    def plugins(self) -> list[str]:
        """List the plugins and their facts, as paths inside the package's parent folder."""
        return [
            f"nexus/plugins/{name}"
            for plugin in native.read_plugins(Path("csrc"))
            for name in (plugin.library, plugin.facts)
        ]

    def shipped(self) -> dict[str, str]:
        """Map each file that is copied into the package to where it comes from."""
        return {
            str(Path(self.build_lib, target, path.relative_to(source))): str(path)
            for target, source, glob in SHIPPED
            for path in sorted(source.glob(glob))
            if path.is_file()
        }

    def get_source_files(self) -> list[str]:
        """List what the source distribution must hold."""
        return list(self.shipped().values())

    def get_output_mapping(self) -> dict[str, str]:
        """Map each built file to its place in the tree, for a strict editable install."""
        plugins = {str(Path(self.build_lib, path)): path for path in self.plugins()}
        return plugins | self.shipped() if self.editable_mode else {}

    def get_outputs(self) -> list[str]:
        """List the files that go into the package."""
        plugins = [str(Path(self.build_lib, path)) for path in self.plugins()]
        return [*plugins, *self.shipped()]


class Build(build):
    """The usual build, and the plugins after it."""

    sub_commands: ClassVar = [*build.sub_commands, ("build_plugins", None)]


if __name__ == "__main__":
    setup(
        cmdclass={"build": Build, "build_ext": BuildExt, "build_plugins": BuildPlugins},
        ext_modules=cython_extensions(),
    )
