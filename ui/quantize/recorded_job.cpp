// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/quantize/recorded_job.h"

#include "core/store/run_recorder.h"

namespace bwla::ui {

QuantizeResult RecordedJob::run(const QuantizeSettings& settings, const Sink<QuantizeEvent>& sink,
                                std::stop_token stop) {
    const std::unique_ptr<QuantizeJob> job = make_();
    auto outcome = runRecorded(*job, settings, database_, command_, sink, std::move(stop));
    if (outcome.error)
        throw *outcome.error;
    if (!outcome.result)
        throw Cancelled();
    return std::move(*outcome.result);
}

} // namespace bwla::ui
