// SPDX-License-Identifier: GPL-3.0-or-later
//
// A first look at what a quantization cost: perplexity of original and quantized model on the same
// short text, in windows of 256 tokens whose first 64 are context. Minutes are too long right after
// a run; compare it with nothing but itself.
#pragma once

#include "core/eval/perplexity.h"
#include "core/job/job.h"
#include "kernels/backend.h"

#include <functional>
#include <memory>
#include <string>

namespace bwla {

struct QuickQualitySettings {
    std::string original; ///< paths
    std::string quantized;
    std::string text;         ///< UTF-8; needs 256 tokens
    std::int64_t windows = 4; ///< at most
};

struct QuickQualityEvent {
    Progress progress; ///< phase "original" or "quantized"
};

struct QuickQualityResult {
    PerplexityResult original;  ///< F16 weights, A16
    PerplexityResult quantized; ///< at the artifact's own activation bits
    int activationBits = 16;    ///< of the latter
    std::string device;         ///< that computed
    std::string fellBack;       ///< why it was not the device asked for; empty = it was
};

/// Throws Error{textTooShort, badText, ...} and what opening models throws.
class QuickQualityJob : public Job<QuickQualitySettings, QuickQualityEvent, QuickQualityResult> {
public:
    using BackendMaker = std::function<std::unique_ptr<Backend>()>;
    /// `otherwise` is taken where the first backend cannot be made or fails; without it that
    /// throws.
    explicit QuickQualityJob(BackendMaker makeBackend, BackendMaker otherwise = {})
        : makeBackend_(std::move(makeBackend)), otherwise_(std::move(otherwise)) {}
    QuickQualityResult run(const QuickQualitySettings& settings,
                           const Sink<QuickQualityEvent>& sink, std::stop_token stop) override;

private:
    BackendMaker makeBackend_, otherwise_;
};

} // namespace bwla
