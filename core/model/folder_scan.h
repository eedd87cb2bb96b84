// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/error.h"
#include "core/model/model_summary.h"

#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

namespace bwla {

/// A file or folder that looks like a model to a person, and why it is not one here.
struct NotListed {
    std::string path;
    Error error;
};

struct ScanListener {
    std::function<void(ModelSummary)> found; ///< on the calling thread
    std::function<void(NotListed)> notListed;
};

/// Looks for models in `root` and all folders below it, following links once each, and opens every
/// one (summarizeModel). Hidden folders below `root` are passed over, and what cannot be read is
/// reported, never thrown. Throws Cancelled.
void scanFolder(const std::filesystem::path& root, const ScanListener& listener,
                const std::stop_token& stop = {});

/// Where Hugging Face's tools keep downloaded models ($HF_HUB_CACHE, $HF_HOME/hub,
/// ~/.cache/huggingface/hub); empty where that folder does not exist.
[[nodiscard]] std::filesystem::path huggingFaceCache();

} // namespace bwla
