// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/artifact_writer.h"
#include "tiny_model.h"
#include "tiny_quantized.h"

#include <filesystem>

namespace bwla::test {

/// A tiny original in `folder`/original and a W1A6 artifact of random blocks, with the same
/// tokenizer, in `folder`/quantized.
inline void writeTinyPair(const std::filesystem::path& folder, const TinyModel& model = {}) {
    writeTinyFolder(folder / "original", model);
    const auto source = ModelSource::open(folder / "original");
    writeArtifact(
        folder / "quantized", *source, {},
        [&](std::int64_t layer) { return randomBlock(source->config(), layer); },
        [](const std::filesystem::path&) { return std::string("{}"); });
}

} // namespace bwla::test
