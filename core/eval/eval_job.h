// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/eval/kl_divergence.h"
#include "core/eval/perplexity.h"
#include "core/job/job.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace bwla {

struct EvalSettings {
    Protocol protocol = Protocol::gptq2048;
    std::filesystem::path text;
    RowForm form = RowForm::byName;
    std::int64_t windows = 0; ///< at most, 0 = all of the text
    int activationBits = 0;   ///< 16, 8, 6 or 4; 0 = the weights' own
    /// With a reference: the text's lines are questions, `windows` of them, and what counts is the
    /// reference's answers (chat_answers.h); `protocol` and `form` mean nothing.
    bool chats = false;
};

struct EvalEvent {
    Progress progress;  ///< phase "perplexity", "answers" or "divergence"
    double value = 0.0; ///< perplexity or mean divergence so far
};

struct EvalResult {
    Protocol protocol = Protocol::gptq2048;
    std::optional<PerplexityResult> perplexity; ///< without a reference model
    std::optional<KlResult> divergence;         ///< with one
    int activationBits = 16;
    std::int64_t textTokens = 0; ///< of the whole text
    std::string dataSha256;      ///< of the text's file
    double seconds = 0.0;        ///< reading the text included
};

/// Perplexity of a model on a text, or its divergence from a reference model. Throws
/// Error{notFound, badText, textTooShort, numeric, badArgument}, KernelError, Cancelled.
class EvalJob : public Job<EvalSettings, EvalEvent, EvalResult> {
public:
    /// All must outlive the job. `reference`, if given, runs at its own activation bits.
    EvalJob(Transformer& model, const Tokenizer& tokenizer, Transformer* reference = nullptr)
        : model_(model), tokenizer_(tokenizer), reference_(reference) {}
    EvalResult run(const EvalSettings& settings, const Sink<EvalEvent>& sink,
                   std::stop_token stop) override;

private:
    EvalResult score(const EvalSettings& settings, const Sink<EvalEvent>& sink,
                     const std::stop_token& stop);
    EvalResult scoreChats(const EvalSettings& settings, const Sink<EvalEvent>& sink,
                          const std::stop_token& stop);

    Transformer& model_;
    const Tokenizer& tokenizer_;
    Transformer* reference_;
};

} // namespace bwla
