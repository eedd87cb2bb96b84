// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/quantize/advanced_form.h"

#include "core/error.h"
#include "core/quant/quantize_estimate.h"
#include "ui/quantize/float_parts_form.h"
#include "ui/widgets/card.h"
#include "ui/widgets/numbers.h"
#include "ui/widgets/segmented.h"

#include <QComboBox>
#include <QDoubleSpinBox>
#include <QFileDialog>
#include <QGridLayout>
#include <QLineEdit>
#include <QPushButton>
#include <QSpinBox>

namespace bwla::ui {
namespace {

constexpr std::array bitChoices{16, 8, 6, 4};
constexpr double noBudget = 1.0;           // signs alone take more
constexpr double noActivationBudget = 3.5; // a group has at least 4
enum CalibrationChoice { calibrateSelf, calibrateFile, calibrateBoth };

QSpinBox* spin(int low, int high, int step = 1) {
    auto* box = new QSpinBox;
    box->setRange(low, high);
    box->setSingleStep(step);
    box->setGroupSeparatorShown(true);
    return box;
}

/// 0 to 1.
QDoubleSpinBox* share(double step, int decimals) {
    auto* box = new QDoubleSpinBox;
    box->setDecimals(decimals);
    box->setRange(0.0, 1.0);
    box->setSingleStep(step);
    return box;
}

QComboBox* combo(const QStringList& texts) {
    auto* box = new QComboBox;
    box->addItems(texts);
    return box;
}

/// "24 × 24" of the group that all blocks share first.
QString factorsText(const QuantizeSettings& settings, FactorRule rule, const ModelConfig& config) {
    QuantizeSettings s = settings;
    s.factors = rule;
    s.factorsOverride = {};
    const std::int64_t rows =
        config.linearOutputs(GroupKind::attnIn, 0) + 2 * config.linearOutputs(GroupKind::attnIn, 1);
    const auto [a, b] =
        rotationFactors(s, GroupKind::attnIn, config.groupInputs(GroupKind::attnIn), rows);
    return QString("%1 × %2").arg(a).arg(b);
}

/// "+1.90 bits": what keeping parts in float adds to the bits over all linears.
QString floatPrice(const ModelConfig& config, const QuantizeSettings& settings) {
    if (settings.inFloat == FloatParts())
        return {};
    QuantizeSettings none = settings;
    none.inFloat = {};
    const auto bits = [&](const QuantizeSettings& s) {
        return estimateQuantization(config, s, 0, {}).ledger.bitsPerWeight();
    };
    return AdvancedForm::tr("+%1 bits").arg(numberText(bits(settings) - bits(none), 2));
}

/// Bits a weight that one part costs: with it less without it.
double bitsOf(const ModelConfig& config, const QuantizeSettings& settings,
              std::int64_t BitsLedger::*part) {
    const BitsLedger ledger = estimateQuantization(config, settings, 0, {}).ledger;
    return static_cast<double>(ledger.*part) /
           static_cast<double>(std::max<std::int64_t>(ledger.weights, 1));
}

} // namespace

AdvancedForm::AdvancedForm(QWidget* parent)
    : QWidget(parent), grid_(new QGridLayout(this)),
      activationBits_(new Segmented(tr("Activation bits"), {"16", "8", "6", "4"})),
      rotation_(combo({tr("Learned (OKT)"), tr("Random"), tr("None"), tr("Hadamard")})),
      factors_(combo({"", ""})), metric_(combo({tr("Output error"), tr("Weight error")})),
      assignments_(combo({tr("Soft"), tr("Hard")})),
      refinement_(combo({tr("None"), tr("Scales, norms, low rank"), tr("Signs too")})),
      calibration_(combo(
          {tr("Written by the model itself"), tr("A text file"), tr("Half a file, half its own")})),
      columnScales_(combo({tr("On"), tr("Off")})), device_(combo({tr("Processor"), "CUDA"})),
      rank_(spin(-1, 512)), oktRounds_(spin(0, 1000)), pspRounds_(spin(0, 1000)),
      gptqRounds_(spin(0, 100)), flipRounds_(spin(0, 100)), tokens_(spin(256, 4'000'000, 1024)),
      reconstructEpochs_(spin(0, 1000)), klTokens_(spin(0, 1'000'000'000, 100'000)),
      klStep_(spin(0, 1'000'000, 128)), seed_(spin(0, std::numeric_limits<int>::max())),
      activationBudget_(share(0.5, 2)), rankBudget_(share(0.01, 4)), targetMix_(share(0.25, 2)),
      latentRate_(share(0.005, 4)), rotationRate_(share(0.001, 4)), text_(new QLineEdit),
      inFloat_(new FloatPartsForm), textRow_(new QWidget), rankPrice_(label({}, "caption")),
      factorsPrice_(label({}, "caption")) {
    grid_->setContentsMargins(0, 0, 0, 0);
    grid_->setHorizontalSpacing(16);
    grid_->setVerticalSpacing(8);
    makeFields();
    setColumns(2);
    connectFields();
}

void AdvancedForm::makeFields() {
    const auto beside = [](QWidget* field, QLabel* price) {
        auto* cell = new QWidget;
        auto* row = new QHBoxLayout(cell);
        row->setContentsMargins(0, 0, 0, 0);
        row->addWidget(field, 1);
        row->addWidget(price);
        return cell;
    };
    rank_->setSpecialValueText(tr("paper's rule"));
    activationBudget_->setRange(noActivationBudget, 8.0);
    activationBudget_->setSpecialValueText(tr("the same everywhere"));
    rankBudget_->setRange(noBudget, 4.0);
    rankBudget_->setSpecialValueText(tr("the same everywhere"));
    klTokens_->setSpecialValueText(tr("usual"));
    klStep_->setSpecialValueText(tr("usual"));
    reconstructEpochs_->setSpecialValueText(tr("none"));
    rotationRate_->setSpecialValueText(tr("they stay"));
    latentRate_->setMinimum(0.0001);
    auto* row = new QHBoxLayout(textRow_);
    row->setContentsMargins(0, 0, 0, 0);
    auto* choose = new QPushButton(tr("Choose…"));
    row->addWidget(text_, 1);
    row->addWidget(choose);
    connect(choose, &QPushButton::clicked, this, &AdvancedForm::chooseText);
    text_->setPlaceholderText(tr("UTF-8 text"));

    addField(tr("Activation bits"), activationBits_,
             tr("Bits of the layers' inputs. 6 is what the method is made for; 4 usually breaks a "
                "1-bit model."));
    addField(tr("Bits on average"), activationBudget_,
             tr("Instead of one number: 4 to 8 bits a group, more where they are worth more."));
    addField(tr("Rotation"), rotation_,
             tr("Turns the weights before signs are taken. Learned: the paper's OKT. None costs "
                "0.02 bit less and much quality."));
    addField(tr("Factors"), beside(factors_, factorsPrice_),
             tr("Shapes of the rotation's two factors. Unequal ones make almost every row show two "
                "peaks, at a price in bits; equal ones lose less quality a bit."));
    addField(tr("OKT rounds"), oktRounds_, tr("Rounds of the rotation solver."));
    addField(tr("Assignments"), assignments_,
             tr("How OKT assigns weights to the two peaks: soft maximises a likelihood, hard "
                "minimises the binarisation error."));
    addField(tr("Low-rank term"), beside(rank_, rankPrice_),
             tr("Rank of the 8-bit correction beside the signs (PSP): more bits, less error."));
    addField(tr("Ranks by bits"), rankBudget_,
             tr("Instead of one rank: bits a weight that the result may have. Low rank fills them, "
                "more of it where it is worth more."));
    addField(tr("PSP rounds"), pspRounds_, tr("Rounds of the low-rank solver; 0 = no such term."));
    addField(tr("GPTQ passes"), gptqRounds_, tr("At most; they stop when the error rises."));
    addField(tr("Flip rounds"), flipRounds_,
             tr("Rounds of exact flips of single signs, each with new scales and low rank."));
    addField(tr("Reduce"), metric_,
             tr("Output error: weighs weights by the layer's inputs, divides the output error by "
                "three to ten. Weight error: the paper's."));
    addField(tr("Column scales"), columnScales_, tr("One scale an input channel, 16 bits."));
    addField(tr("Corrected target"), targetMix_,
             tr("Share of the correction for errors of earlier blocks, 0 to 1."));
    addField(tr("Kept in float"), inFloat_,
             tr("Layers that are not quantized: 16 bits a weight, their inputs unrounded."));
    addField(tr("Then train"), refinement_,
             tr("Training of the whole model toward the original's answers, after the closed "
                "form."));
    addField(tr("Block epochs"), reconstructEpochs_,
             tr("Before that, each block is trained until its output is near the original's. For "
                "a GPU: half a minute that is worth three times the tokens."));
    addField(tr("Training tokens"), klTokens_, tr("What the training reads."));
    addField(tr("Tokens a step"), klStep_,
             tr("Fewer: more steps in the same time, each less sure of its direction."));
    addField(tr("Rate of signs"), latentRate_, tr("How fast trained signs move."));
    addField(tr("Rate of rotations"), rotationRate_,
             tr("Above 0 the training turns the rotations too."));
    addField(tr("Calibration"), calibration_,
             tr("Text that shows the layers' inputs. Half a file and half its own text is the "
                "safest for uses that differ from the file."));
    addField(tr("Text file"), textRow_, tr("A text file, read as it is."));
    addField(tr("Tokens"), tokens_, tr("Calibration tokens: more takes longer and more memory."));
    addField(tr("Seed"), seed_, tr("Of everything random. The same seed gives the same bytes."));
    addField(tr("Device"), device_,
             tr("Where the fits are computed. CUDA needs a libtorch with it."));
}

void AdvancedForm::addField(const QString& name, QWidget* field, const QString& help) {
    QLabel* title = label(name, "secondary");
    title->setToolTip(help);
    field->setToolTip(help);
    const auto nameIt = [&](QWidget* widget) {
        if (widget->accessibleName().isEmpty() && widget->focusPolicy() != Qt::NoFocus &&
            qobject_cast<QPushButton*>(widget) == nullptr)
            widget->setAccessibleName(name);
    };
    nameIt(field);
    for (QWidget* child : field->findChildren<QWidget*>(QString(), Qt::FindDirectChildrenOnly)) {
        nameIt(child);
        if (child->toolTip().isEmpty())
            child->setToolTip(help);
    }
    fields_ << Field{title, field};
}

void AdvancedForm::setColumns(int columns) {
    if (columns == columns_)
        return;
    columns_ = columns;
    while (grid_->takeAt(0) != nullptr) {
    }
    const auto rows = (static_cast<int>(fields_.size()) + columns - 1) / columns;
    for (int i = 0; i < fields_.size(); ++i) {
        grid_->addWidget(fields_[i].name, i % rows, 2 * (i / rows));
        grid_->addWidget(fields_[i].field, i % rows, 2 * (i / rows) + 1);
    }
    for (int column = 0; column < 4; ++column)
        grid_->setColumnStretch(column, column % 2 == 1 && column < 2 * columns ? 1 : 0);
}

void AdvancedForm::connectFields() {
    const auto changed = [this] {
        if (setting_)
            return;
        enableFields();
        Q_EMIT edited();
    };
    connect(activationBits_, &Segmented::chosen, this, changed);
    connect(inFloat_, &FloatPartsForm::edited, this, changed);
    for (QComboBox* box : {rotation_, factors_, metric_, assignments_, refinement_, calibration_,
                           columnScales_, device_})
        connect(box, &QComboBox::currentIndexChanged, this, changed);
    for (QSpinBox* box : {rank_, oktRounds_, pspRounds_, gptqRounds_, flipRounds_, tokens_,
                          reconstructEpochs_, klTokens_, klStep_, seed_}) {
        box->setKeyboardTracking(false);
        connect(box, &QSpinBox::valueChanged, this, changed);
    }
    activationBudget_->setKeyboardTracking(false);
    rankBudget_->setKeyboardTracking(false);
    for (QDoubleSpinBox* box :
         {activationBudget_, rankBudget_, targetMix_, latentRate_, rotationRate_})
        connect(box, &QDoubleSpinBox::valueChanged, this, changed);
    connect(text_, &QLineEdit::editingFinished, this, changed);
}

void AdvancedForm::setSettings(const QuantizeSettings& s, const ModelConfig& config) {
    setting_ = true;
    const auto bits = std::ranges::find(bitChoices, s.activationBits);
    activationBits_->setCurrent(static_cast<int>(bits - bitChoices.begin()));
    rotation_->setCurrentIndex(static_cast<int>(s.rotation));
    factors_->setItemText(
        0, tr("As equal as possible (%1)").arg(factorsText(s, FactorRule::equal, config)));
    factors_->setItemText(1, tr("Wide (%1)").arg(factorsText(s, FactorRule::wide, config)));
    factors_->setCurrentIndex(static_cast<int>(s.factors));
    metric_->setCurrentIndex(static_cast<int>(s.metric));
    assignments_->setCurrentIndex(static_cast<int>(s.oktMode));
    refinement_->setCurrentIndex(static_cast<int>(s.refinement));
    columnScales_->setCurrentIndex(s.columnScales ? 0 : 1);
    device_->setCurrentIndex(s.device == "cuda" ? 1 : 0);
    rank_->setValue(s.rank);
    activationBudget_->setValue(std::max(s.activationBudget, noActivationBudget));
    if (s.pspRounds > 0) // else there is nothing to budget, and the field keeps its value
        rankBudget_->setValue(std::max(s.rankBudget, noBudget));
    oktRounds_->setValue(s.oktRounds);
    pspRounds_->setValue(s.pspRounds);
    tokens_->setValue(static_cast<int>(s.tokens));
    gptqRounds_->setValue(s.gptqRounds);
    flipRounds_->setValue(s.flipRounds);
    reconstructEpochs_->setValue(s.reconstructEpochs);
    klTokens_->setValue(static_cast<int>(s.klTokens));
    klStep_->setValue(static_cast<int>(s.klStep));
    latentRate_->setValue(s.latentRate);
    rotationRate_->setValue(s.rotationRate);
    seed_->setValue(static_cast<int>(s.seed));
    targetMix_->setValue(s.targetMix);
    QString calibration = QString::fromStdString(s.calibration);
    calibration_->setCurrentIndex(calibration == "self"           ? calibrateSelf
                                  : calibration.endsWith("+self") ? calibrateBoth
                                                                  : calibrateFile);
    if (calibration.endsWith("+self"))
        calibration.chop(5);
    if (calibration != "self")
        text_->setText(calibration);
    rankPrice_->setText(
        tr("+%1 bits").arg(numberText(bitsOf(config, s, &BitsLedger::lowRankBits), 2)));
    factorsPrice_->setText(
        tr("+%1 bits").arg(numberText(bitsOf(config, s, &BitsLedger::rotationBits), 2)));
    inFloat_->setParts(s.inFloat, config.layers);
    inFloat_->setPrice(floatPrice(config, s));
    enableFields();
    setting_ = false;
}

QuantizeSettings AdvancedForm::applyTo(QuantizeSettings s) const {
    s.activationBits = bitChoices.at(static_cast<std::size_t>(activationBits_->current()));
    s.rotation = static_cast<RotationKind>(rotation_->currentIndex());
    s.factors = static_cast<FactorRule>(factors_->currentIndex());
    s.metric = static_cast<Metric>(metric_->currentIndex());
    s.oktMode = static_cast<OktMode>(assignments_->currentIndex());
    s.refinement = static_cast<Refinement>(refinement_->currentIndex());
    s.columnScales = columnScales_->currentIndex() == 0;
    s.device = device_->currentIndex() == 1 ? "cuda" : "cpu";
    s.rank = rank_->value();
    const double bits = activationBudget_->value();
    s.activationBudget = bits > noActivationBudget ? bits : 0.0;
    const bool budget = rankBudget_->value() > noBudget && pspRounds_->value() > 0;
    s.rankBudget = budget ? rankBudget_->value() : 0.0;
    s.oktRounds = oktRounds_->value();
    s.pspRounds = pspRounds_->value();
    s.tokens = tokens_->value();
    s.gptqRounds = gptqRounds_->value();
    s.flipRounds = flipRounds_->value();
    s.reconstructEpochs = reconstructEpochs_->value();
    s.klTokens = klTokens_->value();
    s.klStep = klStep_->value();
    s.latentRate = latentRate_->value();
    s.rotationRate = rotationRate_->value();
    s.seed = static_cast<std::uint64_t>(seed_->value());
    s.targetMix = targetMix_->value();
    s.inFloat = inFloat_->parts();
    const std::string file = text_->text().trimmed().toStdString();
    s.calibration = calibration_->currentIndex() == calibrateSelf   ? "self"
                    : calibration_->currentIndex() == calibrateFile ? file
                                                                    : file + "+self";
    return s;
}

void AdvancedForm::enableFields() {
    textRow_->setEnabled(calibration_->currentIndex() != calibrateSelf);
    const auto refinement = static_cast<Refinement>(refinement_->currentIndex());
    for (QWidget* field :
         std::initializer_list<QWidget*>{reconstructEpochs_, klTokens_, klStep_, rotationRate_})
        field->setEnabled(refinement != Refinement::none);
    latentRate_->setEnabled(refinement == Refinement::signs);
    activationBits_->setEnabled(activationBudget_->value() <= noActivationBudget);
    const bool lowRank = pspRounds_->value() > 0;
    rank_->setEnabled(lowRank && rankBudget_->value() <= noBudget);
    rankBudget_->setEnabled(lowRank);
    factors_->setEnabled(rotation_->currentIndex() != 2);
}

void AdvancedForm::chooseText() {
    const QString file = QFileDialog::getOpenFileName(this, tr("Calibration text"), {},
                                                      tr("Texts (*.txt *.md);;All files (*)"));
    if (file.isEmpty())
        return;
    text_->setText(file);
    Q_EMIT edited();
}

} // namespace bwla::ui
