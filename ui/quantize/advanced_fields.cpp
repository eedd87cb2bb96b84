// SPDX-License-Identifier: GPL-3.0-or-later
//
// The fields of AdvancedForm: what each knob is called, what it does, when it counts.
#include "core/quant/setting_names.h"
#include "ui/quantize/advanced_form.h"
#include "ui/quantize/calibration_form.h"
#include "ui/quantize/factors_form.h"
#include "ui/quantize/float_parts_form.h"
#include "ui/quantize/number_box.h"
#include "ui/widgets/card.h"
#include "ui/widgets/segmented.h"

#include <QComboBox>

namespace bwla::ui {
namespace {

using S = QuantizeSettings;

constexpr std::array bitChoices{16, 8, 6, 4};

bool trains(const S& s) {
    return s.refinement != Refinement::none;
}
bool trainsSigns(const S& s) {
    return s.refinement == Refinement::signs;
}
bool trainsBlocks(const S& s) {
    return trains(s) && s.reconstructEpochs > 0;
}
bool learnsRotation(const S& s) {
    return s.rotation == RotationKind::learned;
}
bool weighsByInputs(const S& s) {
    return s.metric == Metric::activation;
}
bool roundsInputs(const S& s) {
    return s.activationBits < 16;
}
bool correctsTarget(const S& s) {
    return s.targetMix > 0.0;
}

} // namespace

NumberBox* AdvancedForm::addNumber(const char* option, double step, const Words& words,
                                   const QString& special, QLabel* price) {
    auto* box = new NumberBox(numberOption(option), step);
    box->setSpecialValueText(special);
    connect(box, &QDoubleSpinBox::valueChanged, this, &AdvancedForm::tellEdited);
    add({.option = option,
         .widget = box,
         .show = [box](const S& s) { box->show(s); },
         .read = [box](S& s) { box->read(s); },
         .price = price},
        words);
    return box;
}

void AdvancedForm::addIndex(const char* option, const QStringList& texts, const Words& words,
                            const std::function<int(const S&)>& index,
                            const std::function<void(S&, int)>& choose) {
    auto* box = new QComboBox;
    box->addItems(texts);
    connect(box, &QComboBox::currentIndexChanged, this, &AdvancedForm::tellEdited);
    add({.option = option,
         .widget = box,
         .show = [box, index](const S& s) { box->setCurrentIndex(index(s)); },
         .read = [box, choose](S& s) { choose(s, box->currentIndex()); }},
        words);
}

template<class Choice>
void AdvancedForm::addChoice(const char* option, Choice S::*setting, const QStringList& texts,
                             const Words& words) {
    Q_ASSERT(texts.size() == static_cast<qsizetype>(choices<Choice>.size()));
    addIndex(
        option, texts, words,
        [setting](const S& s) {
            const auto& all = choices<Choice>;
            return static_cast<int>(
                std::ranges::find(all, s.*setting, &NamedChoice<Choice>::choice) - all.begin());
        },
        [setting](S& s, int index) {
            s.*setting = choices<Choice>.at(static_cast<std::size_t>(index)).choice;
        });
}

void AdvancedForm::addOnOff(const char* option, bool S::*setting, const Words& words) {
    addIndex(
        option, {tr("On"), tr("Off")}, words, [setting](const S& s) { return s.*setting ? 0 : 1; },
        [setting](S& s, int index) { s.*setting = index == 0; });
}

void AdvancedForm::addActivations() {
    addSection(tr("Activations"));
    auto* bits = new Segmented(tr("Activation bits"), {"16", "8", "6", "4"});
    connect(bits, &Segmented::chosen, this, &AdvancedForm::tellEdited);
    add({.option = "--activation-bits",
         .widget = bits,
         .show =
             [bits](const S& s) {
                 bits->setCurrent(static_cast<int>(std::ranges::find(bitChoices, s.activationBits) -
                                                   bitChoices.begin()));
             },
         .read =
             [bits](S& s) {
                 s.activationBits = bitChoices.at(static_cast<std::size_t>(bits->current()));
             }},
        {tr("Activation bits"),
         tr("Bits of the layers' inputs. 6 is what the method is made for; 4 costs 4 to 5 % of "
            "perplexity where signs are trained, 23 to 40 % elsewhere."),
         [](const S& s) { return s.activationBudget == 0.0; }});
    addNumber("--activation-budget", 0.5,
              {tr("Bits on average"),
               tr("Instead of one number: 4 to 8 bits a group, more where they are worth more.")},
              tr("the same everywhere"));
    addOnOff(
        "--clip-search", &S::clipSearch,
        {tr("Clip search"),
         tr("Cuts off up to 15 % of an input's range where that lessens the output error. Off: "
            "the paper's."),
         roundsInputs});
}

void AdvancedForm::addRotation() {
    addSection(tr("Rotation"));
    addChoice("--rotation", &S::rotation,
              {tr("Learned (OKT)"), tr("Random"), tr("Hadamard"), tr("None")},
              {tr("Rotation"), tr("Turns the weights before signs are taken. Learned: the paper's "
                                  "OKT. None costs 0.02 bit less and much quality.")});
    addNumber("--okt-rounds", 1,
              {tr("OKT rounds"), tr("Rounds of the rotation solver."), learnsRotation});
    factors_ = new FactorsForm;
    factorsPrice_ = label({}, "caption");
    connect(factors_, &FactorsForm::edited, this, &AdvancedForm::tellEdited);
    add({.option = "--factors",
         .widget = factors_,
         .show = [this](const S& s) { factors_->show(s, config_); },
         .read = [this](S& s) { factors_->read(s); },
         .price = factorsPrice_},
        {tr("Factors"),
         tr("Shapes of the rotation's two factors. Unequal ones make almost every row show two "
            "peaks, at a price in bits; equal ones lose less quality a bit."),
         [](const S& s) { return s.rotation != RotationKind::none; }});
    addChoice("--okt", &S::oktMode, {tr("Soft"), tr("Hard")},
              {tr("Assignments"),
               tr("How OKT assigns weights to the two peaks: soft maximises a likelihood, hard "
                  "minimises the binarisation error."),
               learnsRotation});
    addChoice("--okt-start", &S::oktStart, {tr("Random"), tr("Identity")},
              {tr("OKT begins with"),
               tr("The rotation that OKT begins with. Identity: the paper preset's."),
               learnsRotation});
    addChoice("--okt-objective", &S::oktObjective,
              {tr("Weights"), tr("Weights, by effect on outputs"), tr("Weights and inputs")},
              {tr("OKT looks at"),
               tr("What OKT makes show two peaks: the weights alone, as in the paper, the weights "
                  "by their effect on outputs, or a layer's inputs as well."),
               learnsRotation});
}

void AdvancedForm::addSigns() {
    addSection(tr("Signs and scales"));
    addChoice("--metric", &S::metric, {tr("Output error"), tr("Weight error")},
              {tr("Reduce"),
               tr("Output error: weighs weights by the layer's inputs, divides the output error by "
                  "three to ten. Weight error: the paper's.")});
    addOnOff("--column-scales", &S::columnScales,
             {tr("Column scales"), tr("One scale an input channel, 16 bits.")});
    addOnOff("--row-means", &S::rowMeans,
             {tr("Row means"), tr("One mean an output beside its scale, 16 bits. The paper's.")});
    addNumber("--target-mix", 0.25,
              {tr("Corrected target"),
               tr("Share of the correction for errors of earlier blocks, 0 to 1.")});
    addNumber("--target-shrinkage", 0.01,
              {tr("Shrinkage, target"),
               tr("How far the inputs' second moment is drawn toward its mean diagonal before it "
                  "corrects the target: more trusts the calibration text less."),
               correctsTarget});
    addNumber("--shrinkage", 0.01,
              {tr("Shrinkage, fits"), tr("The same for the fits of signs, scales and low rank."),
               weighsByInputs});
    addNumber("--gptq-rounds", 1,
              {tr("GPTQ passes"), tr("At most; they stop when the error rises."), weighsByInputs});
    addNumber("--flip-rounds", 1,
              {tr("Flip rounds"),
               tr("Rounds of exact flips of single signs, each with new scales and low rank."),
               weighsByInputs});
}

void AdvancedForm::addLowRank() {
    addSection(tr("Low rank"));
    const auto hasTerm = [](const S& s) { return s.pspRounds > 0; };
    addNumber("--psp-rounds", 1,
              {tr("PSP rounds"), tr("Rounds of the low-rank solver; 0 = no such term.")});
    rankPrice_ = label({}, "caption");
    addNumber("--rank", 1,
              {tr("Low-rank term"),
               tr("Rank of the 8-bit correction beside the signs (PSP): more bits, less error."),
               [hasTerm](const S& s) { return hasTerm(s) && s.rankBudget == 0.0; }},
              tr("paper's rule"), rankPrice_);
    addNumber("--rank-budget", 0.01,
              {tr("Ranks by bits"),
               tr("Instead of one rank: bits a weight that the result may have. Low rank fills "
                  "them, more of it where it is worth more."),
               hasTerm},
              tr("the same everywhere"));
}

void AdvancedForm::addFloatParts() {
    addSection(tr("Not quantized"));
    inFloat_ = new FloatPartsForm;
    connect(inFloat_, &FloatPartsForm::edited, this, &AdvancedForm::tellEdited);
    add({.option = "--keep, --layers",
         .widget = inFloat_,
         .show = [this](const S& s) { inFloat_->setParts(s.inFloat, config_.layers); },
         .read = [this](S& s) { s.inFloat = inFloat_->parts(); }},
        {tr("Kept in float"),
         tr("Layers that are not quantized: 16 bits a weight, their inputs unrounded.")});
}

void AdvancedForm::addTraining() {
    addSection(tr("Training of the whole model"));
    addChoice("--refine", &S::refinement,
              {tr("None"), tr("Scales, norms, low rank"), tr("Signs too")},
              {tr("Then train"), tr("Training toward the original's answers, after the closed "
                                    "form.")});
    klTokens_ = addNumber("--kl-tokens", 100'000,
                          {tr("Training tokens"), tr("What the training reads."),
                           [](const S& s) { return trains(s) && s.klMinutes == 0.0; }},
                          tr("usual"));
    addNumber("--kl-minutes", 1,
              {tr("Training minutes"),
               tr("Instead of a number of tokens. Such a run cannot be repeated to the byte."),
               trains},
              tr("by tokens"));
    addNumber("--kl-step", 128,
              {tr("Tokens a step"),
               tr("Fewer: more steps in the same time, each less sure of its direction."), trains},
              tr("usual"));
    addNumber("--kl-window", 512,
              {tr("Tokens a window"),
               tr("Tokens that see each other. Shorter is faster; text of the model's own has at "
                  "most 512 in a row."),
               trains},
              tr("usual"));
    addNumber(
        "--kl-rate", 0.1,
        {tr("Rate of scales"), tr("Times the usual rates of scales, norms and low rank."), trains});
    addNumber("--latent-rate", 0.005,
              {tr("Rate of signs"), tr("How fast trained signs move."), trainsSigns});
    addNumber("--latent-spread", 0.05,
              {tr("Spread of signs"), tr("Where trained signs start: less = they turn sooner."),
               trainsSigns});
    addNumber(
        "--rotation-rate", 0.001,
        {tr("Rate of rotations"), tr("Above 0 the training turns the rotations too."), trains},
        tr("they stay"));
}

void AdvancedForm::addBlockTraining() {
    addSection(tr("Training block by block, before it"));
    addNumber("--reconstruct", 1,
              {tr("Block epochs"),
               tr("Each block is trained until its output is near the original's. For a GPU: half "
                  "a minute that is worth three times the tokens."),
               trains},
              tr("none"));
    addNumber("--reconstruct-tokens", 65'536,
              {tr("Tokens an epoch"), tr("Text that an epoch reads."), trainsBlocks},
              tr("768 windows"));
    addNumber(
        "--reconstruct-step", 512,
        {tr("Tokens a block step"), tr("Fewer: more steps from the same text."), trainsBlocks},
        tr("4 windows"));
    addNumber("--reconstruct-rate", 0.01,
              {tr("Rate of block signs"),
               tr("How fast signs move here, whatever is trained later."), trainsBlocks},
              tr("they stay"));
}

void AdvancedForm::addRun() {
    addSection(tr("Calibration and machine"));
    auto* calibration = new CalibrationForm;
    connect(calibration, &CalibrationForm::edited, this, &AdvancedForm::tellEdited);
    add({.option = "--calibration",
         .widget = calibration,
         .show = [calibration](const S& s) { calibration->setCalibration(s.calibration); },
         .read = [calibration](S& s) { s.calibration = calibration->calibration(); }},
        {tr("Calibration"),
         tr("Text that shows the layers' inputs. A file and its own text is the safest for uses "
            "that differ from the file.")});
    addNumber("--file-share", 0.125,
              {tr("Share of the file"),
               tr("Where a file and its own text calibrate. More: nearer to the original on such "
                  "text, farther on other text."),
               [](const S& s) { return s.calibration.ends_with("+self"); }});
    addNumber("--tokens", 1024,
              {tr("Tokens"), tr("Calibration tokens: more takes longer and more memory.")});
    addNumber("--seed", 1,
              {tr("Seed"), tr("Of everything random. The same seed gives the same bytes.")});
    addIndex(
        "--device", {tr("Processor"), "CUDA"},
        {tr("Device"), tr("Where the fits are computed. CUDA needs a libtorch with it.")},
        [](const S& s) { return s.device == "cuda" ? 1 : 0; },
        [](S& s, int index) { s.device = index == 1 ? "cuda" : "cpu"; });
    addNumber("--threads", 1, {tr("Threads"), tr("Of the processor.")}, tr("one a core"));
}

} // namespace bwla::ui
