// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/open_model.h"
#include "app/cli/verbs.h"
#include "core/text/tokenizer.h"

#include <memory>

namespace bwla {
namespace {

struct Options {
    std::string model;
    std::string text;
    bool special = false;
};

void tokenize(const Options& options, const Call& call) {
    const Tokenizer tokenizer(OpenModel(options.model).tokenizer());
    const auto ids = tokenizer.encode(options.text, options.special);
    if (call.console.json()) {
        call.console.document({{"ids", ids}});
        return;
    }
    std::string line;
    for (const std::int32_t id : ids)
        line += (line.empty() ? "" : " ") + std::to_string(id);
    call.console.line(line);
}

} // namespace

void addTokenize(Verbs& verbs) {
    auto options = std::make_shared<Options>();
    CLI::App* verb = verbs.add("tokenize", "Token ids of a text",
                               [options](const Call& call) { tokenize(*options, call); });
    verb->add_option("model", options->model, "Model with a tokenizer")->required();
    verb->add_option("--text", options->text, "Text to cut into tokens")->required();
    verb->add_flag("--special", options->special,
                   "Read special tokens in the text as such, not as plain text");
}

} // namespace bwla
