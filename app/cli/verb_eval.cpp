// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/checks.h"
#include "app/cli/load.h"
#include "app/cli/text.h"
#include "app/cli/verbs.h"
#include "core/eval/eval_job.h"
#include "core/model/open_model.h"
#include "core/text/tokenizer.h"

#include <memory>

namespace bwla {
namespace {

struct Options {
    std::string model;
    std::string perplexityText;
    std::string divergenceText;
    std::string chats;
    std::string reference;
    std::string protocol = "gptq-2048";
    std::int64_t windows = 0;
    EngineOptions engine;

    [[nodiscard]] EvalSettings settings() const {
        EvalSettings settings;
        settings.protocol = *protocolNamed(protocol);
        settings.text = !chats.empty()            ? chats
                        : !perplexityText.empty() ? perplexityText
                                                  : divergenceText;
        settings.chats = !chats.empty();
        settings.windows = windows;
        settings.activationBits = engine.activationBits;
        return settings;
    }
};

/// Bits that a weight of the decoder's linears takes in the run: all of an artifact's tensors, or
/// the width an original is held in.
double bitsLinear(const OpenModel& model, const EngineOptions& options) {
    if (model.artifact() != nullptr)
        return model.artifact()->ledger().bitsPerWeight();
    return options.kind() == WeightKind::f32 ? 32.0 : 16.0;
}

/// Bits of the model's files a parameter, embeddings and head included.
double bitsFile(const OpenModel& model) {
    return 8.0 * static_cast<double>(model.fileBytes()) /
           static_cast<double>(model.config().parameters());
}

std::string protocolText(const Options& options, const EvalResult& result) {
    return options.chats.empty() ? std::string(protocolName(result.protocol)) : "chats";
}

OrderedJson resultDocument(const Options& options, const EvalResult& result,
                           const OpenModel& model) {
    OrderedJson document{{"protocol", protocolText(options, result)}};
    if (result.perplexity) {
        document["perplexity"] = result.perplexity->perplexity;
        document["stderr"] = result.perplexity->standardError;
        document["tokens"] = result.perplexity->tokens;
    }
    if (result.divergence) {
        document["kl_mean"] = result.divergence->mean;
        document["kl_median"] = result.divergence->median;
        document["kl_99"] = result.divergence->percentile99;
        document["top_agreement"] = result.divergence->topAgreement;
        document["tokens"] = result.divergence->tokens;
    }
    document["activation_bits"] = result.activationBits;
    document["bits_linear"] = bitsLinear(model, options.engine);
    document["bits_file"] = bitsFile(model);
    document["data_sha256"] = result.dataSha256;
    return document;
}

std::string windowsText(std::int64_t windows, std::int64_t tokens) {
    return format("%lld windows, %lld predictions", static_cast<long long>(windows),
                  static_cast<long long>(tokens));
}

std::string resultText(const Options& options, const EvalResult& result, const OpenModel& model) {
    std::vector<std::pair<std::string, std::string>> lines;
    if (const auto& ppl = result.perplexity) {
        lines.emplace_back("Perplexity",
                           format("%.4f +- %.4f", ppl->perplexity, ppl->standardError));
        lines.emplace_back("Protocol", std::string(protocolName(result.protocol)) + ", " +
                                           windowsText(ppl->windows, ppl->tokens));
    }
    if (const auto& kl = result.divergence) {
        lines.emplace_back("KL divergence", format("mean %.5f, median %.5f, 99 %% %.5f nats",
                                                   kl->mean, kl->median, kl->percentile99));
        lines.emplace_back("Same top token", format("%.2f %%", 100.0 * kl->topAgreement));
        lines.emplace_back("Protocol", protocolText(options, result) + ", " +
                                           windowsText(kl->windows, kl->tokens));
    }
    lines.emplace_back("Format", formatInUse(model, options.engine, result.activationBits));
    lines.emplace_back("Bits a weight", format("%.4f in the linear layers, %.4f over the files",
                                               bitsLinear(model, options.engine), bitsFile(model)));
    lines.emplace_back("Text", "SHA-256 " + result.dataSha256);
    lines.emplace_back("Time", durationText(result.seconds));
    return alignedLines(lines);
}

void check(const Options& options) {
    if (!options.reference.empty() && !options.perplexityText.empty())
        throw Error(ErrorCode::badArgument).because("--reference goes with --kld or --chats.");
}

void eval(const Options& options, const Call& call) {
    OpenModel model(options.model);
    const Tokenizer tokenizer(model.tokenizer());
    const auto backend = makeBackend(call.options, options.engine);
    std::unique_ptr<OpenModel> referenceModel;
    std::unique_ptr<Backend> referenceBackend; // where the cache is another
    std::unique_ptr<Transformer> reference;
    if (!options.reference.empty()) {
        referenceModel = std::make_unique<OpenModel>(options.reference);
        const EngineOptions ownBits{.weights = options.engine.weights};
        if (options.engine.cacheBits != ownBits.cacheBits)
            referenceBackend = makeBackend(call.options, ownBits);
        reference = loadTransformer(referenceBackend ? *referenceBackend : *backend,
                                    *referenceModel, ownBits, call);
    }
    const auto transformer = loadTransformer(*backend, model, options.engine, call);
    EvalJob job(*transformer, tokenizer, reference.get());
    const auto sink = [&](const EvalEvent& event) {
        Progress progress = event.progress;
        progress.step = format("%.4f so far", event.value);
        call.console.progress(progress);
    };
    const EvalResult result = job.run(options.settings(), sink, call.stop);
    if (call.console.json())
        call.console.document(resultDocument(options, result, model));
    else
        call.console.line(resultText(options, result, model));
}

} // namespace

void addEval(Verbs& verbs) {
    auto options = std::make_shared<Options>();
    CLI::App* verb = verbs.add(
        "eval", "Perplexity, or divergence from another model, on a text",
        [options](const Call& call) { eval(*options, call); },
        [options](const CommonOptions&) { check(*options); });
    verb->add_option("model", options->model, "Model")->required();
    auto* measure = verb->add_option_group("Measure", "Exactly one of");
    measure->add_option("--ppl", options->perplexityText, "Text to measure perplexity on");
    auto* divergence = measure->add_option("--kld", options->divergenceText,
                                           "Text to measure KL divergence from --reference on");
    auto* chats = measure->add_option("--chats", options->chats,
                                      "Questions, one a line: divergence on --reference's answers");
    measure->require_option(1);
    auto* reference = verb->add_option("--reference", options->reference,
                                       "Model to compare with in --kld and --chats");
    divergence->needs(reference);
    chats->needs(reference);
    verb->add_option("--protocol", options->protocol,
                     "gptq-2048 or llamacpp-512 (default: gptq-2048)")
        ->check(CLI::IsMember({"gptq-2048", "llamacpp-512"}));
    verb->add_option("--windows", options->windows, "Only the first N windows")->check(aboveZero());
    options->engine.addTo(*verb);
}

} // namespace bwla
