// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/quant/quantize_job.h"
#include "kernels/backend.h"

#include <functional>
#include <memory>

namespace bwla {
class Database;
}

namespace bwla::ui {

class Theme;

/// What the pages work with, made by the program (or a test) and outliving them all.
struct Services {
    Theme& theme;
    Database& store; ///< of the window's thread
    /// Loads the quantizer; throws Error{backend} where this build or machine has none.
    std::function<std::unique_ptr<QuantizeJob>()> newQuantizeJob;
    /// A backend for one worker thread. Throws KernelError.
    std::function<std::unique_ptr<Backend>()> newBackend;
};

} // namespace bwla::ui
