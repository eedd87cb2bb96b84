// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace bwla::test {

/// The default model (design 7): BWLA_MODEL, or where `installer/bootstrap model` puts it. A test
/// that needs it fails without it; `installer/bootstrap test` fetches it first.
inline std::filesystem::path realModel() {
    if (const char* path = std::getenv("BWLA_MODEL"))
        return path;
    std::filesystem::path data;
    if (const char* xdg = std::getenv("XDG_DATA_HOME"))
        data = xdg;
    else if (const char* home = std::getenv("HOME"))
        data = std::filesystem::path(home) / ".local/share";
    const auto path = data / "bwla-studio/models/SmolLM2-135M-Instruct.Q4_1.gguf";
    if (!std::filesystem::exists(path))
        throw std::runtime_error("no default model: run installer/bootstrap model");
    return path;
}

} // namespace bwla::test
