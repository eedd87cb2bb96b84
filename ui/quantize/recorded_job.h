// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/quant/quantize_job.h"

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace bwla::ui {

/// A quantization that loads its module and keeps its record on the thread that runs it.
class RecordedJob : public QuantizeJob {
public:
    using Maker = std::function<std::unique_ptr<QuantizeJob>()>;
    /// `command` repeats the run.
    RecordedJob(Maker make, std::filesystem::path database, std::string command)
        : make_(std::move(make)), database_(std::move(database)), command_(std::move(command)) {}

    QuantizeResult run(const QuantizeSettings& settings, const Sink<QuantizeEvent>& sink,
                       std::stop_token stop) override;

private:
    Maker make_;
    std::filesystem::path database_;
    std::string command_;
};

} // namespace bwla::ui
