// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/engine/engine_device.h"
#include "core/quant/quantize_job.h"
#include "ui/widgets/process_memory.h"

#include <QString>

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
    /// A backend for one worker thread on the device of this id (core/engine/engine_device.h).
    /// Throws KernelError.
    std::function<std::unique_ptr<Backend>(const EngineChoice&)> newBackend;
    /// Devices of this machine. Drivers are loaded: not for the window's thread.
    std::function<std::vector<EngineDevice>()> engineDevices;
    /// Bytes that programs can still have without swapping.
    std::function<double()> availableMemory = availableBytes;
    /// Shows a failure that belongs to no page, and logs it; the window sets it.
    std::function<void(const QString& sentence)> tellFailure{};

    /// Runs a write to the store. What it refuses (a full or read-only disk) is told, not thrown
    /// through the event loop; false then.
    bool keep(const std::function<void()>& write) const;
};

} // namespace bwla::ui
