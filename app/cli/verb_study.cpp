// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/checks.h"
#include "app/cli/load.h"
#include "app/cli/study_table.h"
#include "app/cli/text.h"
#include "app/cli/verbs.h"
#include "core/model/file_writer.h"
#include "core/quant/quantizer_module.h"
#include "core/study/study_job.h"

#include <memory>

namespace bwla {
namespace {

struct Options {
    std::string model;
    std::string folder;
    std::string text;
    std::string rows = "steps,rotations";
    std::string protocol = "gptq-2048";
    std::string calibration = "self";
    std::string device = "cpu";
    std::int64_t tokens = 0;
    std::int64_t klTokens = 0;
    std::int64_t windows = 0;
    std::uint64_t seed = 0;
    int seeds = 1;
    bool keep = false;
    bool list = false;

    [[nodiscard]] StudySettings settings(int threads) const {
        if (model.empty() || text.empty() || folder.empty())
            throw Error(ErrorCode::badArgument)
                .because("A study needs a model, --ppl FILE and -o FOLDER.");
        StudySettings settings;
        settings.base.modelPath = model;
        settings.base.outputPath = folder;
        settings.base.calibration = calibration;
        settings.base.tokens = tokens > 0 ? tokens : settings.base.tokens;
        settings.base.klTokens = klTokens;
        settings.base.seed = seed;
        settings.base.device = device;
        settings.base.threads = threads;
        validate(settings.base);
        settings.folder = folder;
        settings.rows = chosenStudyRows(rows);
        settings.seeds = seeds;
        settings.eval.protocol = *protocolNamed(protocol);
        settings.eval.text = text;
        settings.eval.windows = windows;
        settings.keepArtifacts = keep;
        return settings;
    }
};

template<class Print>
void listRows(const Print& print) {
    OrderedJson names = OrderedJson::array();
    std::vector<std::vector<std::string>> table;
    for (const StudyRow& row : studyRows()) {
        names.push_back({{"row", row.name}, {"what", row.what}});
        table.push_back({std::string(row.name), std::string(row.what)});
    }
    print(names, markdownTable({"row", "what"}, table));
}

void study(const Options& options, const Call& call) {
    Console& console = call.console;
    const auto print = [&](const OrderedJson& document, const std::string& text) {
        if (console.json())
            console.document(document);
        else
            console.line(text);
    };
    if (options.list)
        return listRows(print);
    const StudySettings settings = options.settings(call.options.threads);
    console.whenCancelled("Stopped. Finished rows are kept: the same command goes on.");
    (void)keptMeasurements(settings); // what cannot be read is said now, not after a row
    std::vector<StudyMeasurement> finished;
    const auto sink = [&](const StudyEvent& event) {
        if (event.finished != nullptr) {
            finished.push_back(*event.finished);
            console.event(measurementDocument(*event.finished));
            writeFile(settings.folder / "study.md",
                      studyTable(studyRows(), keptMeasurements(settings)) + "\n");
        }
        console.progress(event.progress);
    };
    StudyJob job([&] { return makeBackend(call.options); }, [] { return loadQuantizeJob(); });
    (void)job.run(settings, sink, call.stop);
    OrderedJson document = OrderedJson::array();
    for (const StudyMeasurement& measurement : finished)
        document.push_back(measurementDocument(measurement));
    print(document, studyTable(settings.rows, finished));
}

} // namespace

void addStudy(Verbs& verbs) {
    auto options = std::make_shared<Options>();
    CLI::App* verb = verbs.add(
        "study", "What each part of the method is worth: a table of recipes",
        [options](const Call& call) { study(*options, call); },
        [options](const CommonOptions& common) {
            if (!options->list)
                (void)options->settings(common.threads);
        });
    verb->add_option("model", options->model, "GGUF file or Hugging Face folder");
    verb->add_option("-o,--output", options->folder, "Folder of the measurements and study.md");
    verb->add_option("--ppl", options->text, "Text to measure perplexity on");
    verb->add_option("--rows", options->rows,
                     "Names of rows, or all, steps, rotations, training (default: "
                     "steps,rotations)");
    verb->add_flag("--list", options->list, "Only name the rows");
    verb->add_option("--seeds", options->seeds, "Seeds of rows that draw a rotation (1)")
        ->check(CLI::Range(1, 100));
    verb->add_option("--seed", options->seed, "First seed (0)")->check(zeroOrMore());
    verb->add_option("--windows", options->windows, "Only the first N windows")
        ->check(zeroOrMore());
    verb->add_option("--protocol", options->protocol,
                     "gptq-2048 or llamacpp-512 (default: gptq-2048)")
        ->check(CLI::IsMember({"gptq-2048", "llamacpp-512"}));
    verb->add_option("--calibration", options->calibration, "self, a text FILE, or FILE+self");
    verb->add_option("--tokens", options->tokens, "Calibration tokens")->check(aboveZero());
    verb->add_option("--kl-tokens", options->klTokens, "Tokens that rows with training read")
        ->check(zeroOrMore());
    verb->add_option("--device", options->device, "cpu or cuda")
        ->check(CLI::IsMember({"cpu", "cuda"}));
    verb->add_flag("--keep", options->keep, "Keep the quantized models beside their measurements");
}

} // namespace bwla
