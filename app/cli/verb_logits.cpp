// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/checks.h"
#include "app/cli/load.h"
#include "app/cli/text.h"
#include "app/cli/verbs.h"
#include "core/engine/session.h"
#include "core/model/open_model.h"
#include "core/text/tokenizer.h"

#include <algorithm>
#include <memory>
#include <numeric>

namespace bwla {
namespace {

struct Options {
    std::string model;
    std::vector<std::int32_t> tokens;
    int top = 0; ///< 0 = all of them
    EngineOptions engine;
};

/// Ids of the `count` greatest logits, greatest first; equal ones in the order of their ids.
std::vector<std::int32_t> greatest(std::span<const float> logits, int count) {
    std::vector<std::int32_t> ids(logits.size());
    std::iota(ids.begin(), ids.end(), 0);
    const auto end = ids.begin() + std::min<std::ptrdiff_t>(count, std::ssize(ids));
    std::partial_sort(ids.begin(), end, ids.end(), [&](std::int32_t a, std::int32_t b) {
        const float la = logits[static_cast<std::size_t>(a)];
        const float lb = logits[static_cast<std::size_t>(b)];
        return la > lb || (la == lb && a < b);
    });
    ids.erase(end, ids.end());
    return ids;
}

float at(std::span<const float> logits, std::int32_t id) {
    return logits[static_cast<std::size_t>(id)];
}

OrderedJson logitsDocument(const Options& options, std::span<const float> logits) {
    OrderedJson document{{"tokens", options.tokens}};
    if (options.top == 0) {
        document["logits"] = std::vector<float>(logits.begin(), logits.end());
        return document;
    }
    OrderedJson top = OrderedJson::array();
    for (const std::int32_t id : greatest(logits, options.top))
        top.push_back({{"id", id}, {"logit", at(logits, id)}});
    document["top"] = top;
    return document;
}

void printTop(const Options& options, std::span<const float> logits, const OpenModel& model,
              Console& console) {
    static constexpr int shownByDefault = 10;
    const Tokenizer tokenizer(model.tokenizer());
    for (const std::int32_t id : greatest(logits, options.top == 0 ? shownByDefault : options.top))
        console.line(format("%8d  %9.4f  ", id, at(logits, id)) +
                     OrderedJson(tokenizer.piece(id))
                         .dump(-1, ' ', false, OrderedJson::error_handler_t::replace));
}

void logits(const Options& options, const Call& call) {
    OpenModel model(options.model);
    const auto backend = makeBackend(call.options, options.engine);
    const auto transformer = loadTransformer(*backend, model, options.engine, call);
    Session session(*transformer, std::ssize(options.tokens), options.engine.activationBits);
    const auto values = session.feed(options.tokens, call.stop);
    throwIfStopped(call.stop);
    if (call.console.json())
        call.console.document(logitsDocument(options, values));
    else
        printTop(options, values, model, call.console);
}

} // namespace

void addLogits(Verbs& verbs) {
    auto options = std::make_shared<Options>();
    CLI::App* verb = verbs.add("logits", "Logits after a sequence of token ids",
                               [options](const Call& call) { logits(*options, call); });
    verb->add_option("model", options->model, "Model")->required();
    verb->add_option("--tokens", options->tokens, "Token ids: 1,2,3")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->check(zeroOrMore())
        ->required();
    verb->add_option("--top", options->top, "Only the K greatest")->check(aboveZero());
    options->engine.addTo(*verb);
}

} // namespace bwla
