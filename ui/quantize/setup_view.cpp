// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/quantize/setup_view.h"

#include "core/error.h"
#include "core/quant/quantize_command.h"
#include "core/quant/rank_budget.h"
#include "ui/quantize/advanced_form.h"
#include "ui/quantize/bits_view.h"
#include "ui/quantize/preset_card.h"
#include "ui/theme/theme.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/card.h"
#include "ui/widgets/command_strip.h"
#include "ui/widgets/numbers.h"
#include "ui/widgets/quality_text.h"
#include "ui/widgets/themed_icon.h"

#include <QButtonGroup>
#include <QFileDialog>
#include <QLineEdit>
#include <QPushButton>
#include <QRadioButton>
#include <QToolButton>

namespace bwla::ui {
namespace {

constexpr int sideWidth = 352, narrowSide = 280, margin = 16, gap = 8;
constexpr int oneColumnBelow = 1000, oneFormColumnBelow = 760;
constexpr int checkDelay = 250; ///< ms: while a number is typed, nothing is checked

QStringList commandWords(const QuantizeSettings& settings) {
    QStringList words;
    for (const std::string& word : quantizeCommand(settings))
        words << QString::fromStdString(word);
    return words;
}

/// Of the same model, folder and device.
QuantizeSettings presetFor(const QuantizeSettings& now, const std::string& name) {
    QuantizeSettings preset = presetSettings(name, now.device);
    preset.modelPath = now.modelPath;
    preset.outputPath = now.outputPath;
    return preset;
}

QWidget* checkRow(Theme& theme, const RunCheck& check) {
    auto* row = new QWidget;
    auto* cells = new QHBoxLayout(row);
    cells->setContentsMargins(0, 0, 0, 0);
    cells->setSpacing(8);
    auto* icon = new QLabel;
    const auto state = check.state;
    setThemedIcon(theme, icon,
                  state == RunCheck::State::passed    ? "check"
                  : state == RunCheck::State::unknown ? "info"
                                                      : "warning",
                  16, [state](const Tokens& t) {
                      return state == RunCheck::State::passed    ? t.ok.text
                             : state == RunCheck::State::unknown ? t.accent
                                                                 : t.bad.text;
                  });
    cells->addWidget(icon, 0, Qt::AlignTop);
    auto* texts = new QVBoxLayout;
    texts->setSpacing(0);
    QLabel* title = label(check.title, state == RunCheck::State::failed ? "bad" : nullptr);
    QLabel* detail = label(check.detail, "caption");
    for (QLabel* text : {title, detail}) {
        text->setWordWrap(true);
        text->setTextInteractionFlags(Qt::TextSelectableByMouse);
        texts->addWidget(text);
    }
    cells->addLayout(texts, 1);
    return row;
}

} // namespace

SetupView::SetupView(Theme& theme, QWidget* parent)
    : QScrollArea(parent), theme_(theme), form_(new AdvancedForm), fold_(new QToolButton),
      reset_(new QPushButton(tr("Reset"))), output_(new QLineEdit),
      command_(new CommandStrip(theme)), bits_(new BitsView(theme)),
      checksCard_(new Card(tr("Before you start"))), warning_(new Banner(theme)),
      fourBits_(new Banner(theme)), unfinished_(new Banner(theme)), error_(new Banner(theme)),
      deleted_(new Banner(theme)) {
    auto* inner = new QWidget;
    inner->setObjectName("scrolled");
    setWidget(inner);
    setWidgetResizable(true);
    setFocusPolicy(Qt::NoFocus);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    columns_ = new QBoxLayout(QBoxLayout::LeftToRight, inner);
    columns_->setContentsMargins(margin, margin, margin, margin);
    columns_->setSpacing(gap);
    columns_->addWidget(makeMain(), 1);
    columns_->addWidget(makeSide());
    checkSoon_.setSingleShot(true);
    checkSoon_.setInterval(checkDelay);
    connect(&checkSoon_, &QTimer::timeout, this, &SetupView::check);
    connect(&theme_, &Theme::changed, this, &SetupView::fitWidth);
    settings_ = presetSettings(presetNames().front());
}

QWidget* SetupView::makeMain() {
    auto* main = new QWidget;
    auto* column = new QVBoxLayout(main);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    column->addWidget(error_);
    column->addWidget(unfinished_);
    column->addWidget(deleted_);
    column->addWidget(makeCards());
    column->addWidget(makeAdvanced());
    auto* commandCard = new Card(tr("The same run on the command line"));
    commandCard->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Maximum);
    commandCard->body()->addWidget(command_);
    column->addWidget(commandCard);
    column->addStretch();
    return main;
}

QWidget* SetupView::makeCards() {
    auto* box = new QWidget;
    cardsGrid_ = new QGridLayout(box);
    cardsGrid_->setContentsMargins(0, 0, 0, 0);
    cardsGrid_->setSpacing(gap);
    auto* group = new QButtonGroup(this); // arrows move the choice
    for (const std::string_view name : presetNames()) {
        auto* card =
            new PresetCard(theme_, QString::fromUtf8(name.data(), static_cast<int>(name.size())));
        const auto index = static_cast<int>(cards_.size());
        group->addButton(card->button());
        card->button()->setToolTip(tr("Alt+%1").arg(index + 1));
        connect(card->button(), &QRadioButton::clicked, this,
                [this, index] { choosePreset(index); });
        cards_ << card;
    }
    return box;
}

/// All side by side where they fit, else in two rows, else one below the other.
void SetupView::arrangeCards(int width) {
    int widest = 1;
    for (const PresetCard* card : cards_)
        widest = std::max(widest, card->minimumSizeHint().width());
    const auto count = static_cast<int>(cards_.size());
    int columns = count;
    while (columns > 1 && columns * (widest + gap) - gap > width)
        columns = (columns + 1) / 2;
    for (int i = 0; i < count; ++i) {
        cardsGrid_->addWidget(cards_[i], i / columns, i % columns);
        cardsGrid_->setColumnStretch(i, i < columns ? 1 : 0);
    }
}

QWidget* SetupView::makeAdvanced() {
    auto* card = new Card(tr("Advanced"));
    card->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Maximum);
    card->setDetail(tr("changes turn the preset into Custom"));
    reset_->setProperty("small", true);
    card->addTool(reset_);
    fold_->setCheckable(true);
    fold_->setFixedSize(24, 24);
    fold_->setAccessibleName(tr("Show advanced settings"));
    fold_->setToolTip(fold_->accessibleName());
    setThemedIcon(theme_, fold_, "chevron-down");
    card->addTool(fold_);
    form_->setVisible(false);
    card->body()->addWidget(form_);
    auto* save = new QHBoxLayout;
    auto* browse = new QPushButton(tr("Choose…"));
    output_->setAccessibleName(tr("Save to"));
    save->addWidget(label(tr("Save to"), "secondary"));
    save->addWidget(output_, 1);
    save->addWidget(browse);
    card->body()->addLayout(save);
    connect(fold_, &QToolButton::toggled, this, [this](bool open) {
        form_->setVisible(open);
        setThemedIcon(theme_, fold_, open ? "chevron-up" : "chevron-down");
    });
    connect(reset_, &QPushButton::clicked, this, [this] {
        for (int i = 0; i < cards_.size(); ++i)
            if (cards_[i]->preset().toStdString() == settings_.preset)
                choosePreset(i);
    });
    connect(form_, &AdvancedForm::edited, this, &SetupView::takeEdits);
    connect(output_, &QLineEdit::textEdited, this, [this](const QString& text) {
        outputChosen_ = true;
        settings_.outputPath = text.trimmed().toStdString();
        redraw();
    });
    connect(browse, &QPushButton::clicked, this, &SetupView::chooseOutput);
    return card;
}

/// A preset that nobody changed is another one on another device.
void SetupView::takeEdits() {
    const QuantizeSettings edited = form_->applyTo(settings_);
    if (edited.device == settings_.device || isCustom(settings_))
        return setSettings(edited);
    QuantizeSettings preset = presetFor(edited, edited.preset);
    preset.calibration = edited.calibration;
    preset.threads = edited.threads;
    setSettings(preset);
}

QWidget* SetupView::makeSide() {
    side_ = new QWidget;
    auto* column = new QVBoxLayout(side_);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    auto* bitsCard = new Card(tr("Where the bits go"));
    bitsCard->setDetail(tr("per linear weight"));
    bitsCard->body()->addWidget(bits_);
    for (Card* card : {bitsCard, checksCard_}) {
        card->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Maximum);
        column->addWidget(card);
    }
    column->addWidget(fourBits_);
    column->addWidget(warning_);
    column->addStretch();
    return side_;
}

void SetupView::setModel(std::shared_ptr<const ModelSummary> model) {
    model_ = std::move(model);
    outputChosen_ = false;
    error_->hide();
    deleted_->hide();
    settings_.modelPath = model_->path;
    settings_.inFloat = {}; // of another model's blocks
    settings_.factorsOverride = {};
    setSettings(settings_);
}

QString SetupView::command() const {
    return command_->command();
}

void SetupView::choosePreset(int index) {
    if (index < 0 || index >= cards_.size() || !model_)
        return;
    setSettings(presetFor(settings_, cards_[index]->preset().toStdString()));
}

void SetupView::setSettings(const QuantizeSettings& settings) {
    settings_ = settings;
    settings_.resume = false;
    if (!outputChosen_)
        settings_.outputPath = freeOutputPath(*model_, settings_.activationBits).toStdString();
    form_->setSettings(settings_, model_->config);
    if (output_->text() != QString::fromStdString(settings_.outputPath))
        output_->setText(QString::fromStdString(settings_.outputPath));
    redraw();
}

void SetupView::redraw() {
    if (!model_)
        return;
    const bool custom = isCustom(settings_);
    for (PresetCard* card : cards_) {
        const bool chosen = card->preset().toStdString() == settings_.preset;
        const QuantizeSettings shown =
            chosen ? settings_ : presetSettings(card->preset().toStdString(), settings_.device);
        card->show(*model_, shown, chosen, chosen && custom);
    }
    reset_->setEnabled(custom);
    command_->setCommand(commandWords(settings_));
    const QuantizeEstimate estimate =
        estimateQuantization(model_->config, settings_, model_->fileBytes, thisMachine());
    bits_->setLedger(estimate.ledger, static_cast<double>(model_->config.parameters()));
    redrawWarning();
    mayStart_ = false;
    Q_EMIT readyChanged(false);
    checksCard_->setDetail(tr("Checking"));
    checkSoon_.start();
}

void SetupView::redrawWarning() {
    warning_->show(Banner::Tone::warn, tr("Expect visibly worse answers."),
                   qualityText(model_->config, settings_) + " " +
                       tr("Facts and longer answers suffer most; larger models lose less."));
    const bool signs = settings_.refinement == Refinement::signs;
    if (settings_.activationBits != 4)
        fourBits_->hide();
    else
        fourBits_->show(signs ? Banner::Tone::info : Banner::Tone::warn,
                        signs ? tr("4-bit activations cost little here.")
                              : tr("4-bit activations cost much unless signs are trained."),
                        tr("Measured: perplexity rises by 4 to 5 % with signs trained on a GPU, by "
                           "23 to 30 % with scales trained on 2 cores, by 40 % in closed form."));
}

void SetupView::check() {
    if (!model_)
        return;
    worker_.cancel();
    worker_.post([this, model = model_, settings = settings_](const std::stop_token& stop) {
        QList<RunCheck> checks;
        OutputState output;
        try {
            checks = checkRun(
                *model, settings,
                estimateQuantization(model->config, settings, model->fileBytes, thisMachine()));
            output = outputState(settings);
            validate(settings);
            checkRankBudget(model->config, settings);
        } catch (const Error& error) {
            checks << RunCheck{RunCheck::State::failed, tr("A setting is out of range"),
                               errorText(error)};
        }
        if (stop.stop_requested())
            return std::function<void()>();
        return std::function<void()>([this, checks, output] { showChecks(checks, output); });
    });
}

void SetupView::showChecks(const QList<RunCheck>& checks, const OutputState& output) {
    delete checkRows_;
    checkRows_ = new QWidget;
    auto* column = new QVBoxLayout(checkRows_);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(8);
    int failed = 0;
    for (const RunCheck& check : checks) {
        column->addWidget(checkRow(theme_, check));
        failed += check.state == RunCheck::State::failed ? 1 : 0;
    }
    checksCard_->body()->addWidget(checkRows_);
    checksCard_->setDetail(failed == 0 ? tr("All %1 passed").arg(checks.size())
                                       : tr("%1 of %2 failed").arg(failed).arg(checks.size()));
    showUnfinished(output);
    mayStart_ = failed == 0 && output.kind == OutputState::Kind::free;
    Q_EMIT readyChanged(mayStart_);
}

void SetupView::showUnfinished(const OutputState& output) {
    using Kind = OutputState::Kind;
    unfinished_->clearButtons();
    if (output.kind != Kind::unfinished && output.kind != Kind::otherRecipe) {
        unfinished_->hide();
        return;
    }
    const bool same = output.kind == Kind::unfinished;
    unfinished_->show(Banner::Tone::info,
                      tr("A run to this folder stopped after %1 of %2 blocks.")
                          .arg(output.blocks)
                          .arg(model_->config.layers),
                      same ? tr("It goes on where it stopped.")
                           : tr("It has other settings: start over, or choose another folder."));
    if (same)
        connect(unfinished_->addButton(tr("Resume")), &QPushButton::clicked, this,
                &SetupView::resumeRequested);
    connect(unfinished_->addButton(tr("Start over")), &QPushButton::clicked, this,
            &SetupView::startOverRequested);
}

void SetupView::showError(const QString& text) {
    error_->show(Banner::Tone::bad, tr("The run stopped."), text);
}

void SetupView::offerUndo(const QString& text, const std::function<void()>& undo) {
    deleted_->clearButtons();
    deleted_->show(Banner::Tone::info, text);
    connect(deleted_->addButton(tr("Undo")), &QPushButton::clicked, this, [this, undo] {
        deleted_->hide();
        undo();
    });
}

void SetupView::chooseOutput() {
    const QString folder =
        QFileDialog::getSaveFileName(this, tr("Folder to write"), output_->text(), {}, nullptr,
                                     QFileDialog::DontConfirmOverwrite);
    if (folder.isEmpty())
        return;
    outputChosen_ = true;
    output_->setText(folder);
    settings_.outputPath = folder.toStdString();
    redraw();
}

void SetupView::resizeEvent(QResizeEvent* event) {
    QScrollArea::resizeEvent(event);
    fitWidth();
}

void SetupView::fitWidth() {
    const bool stacked = width() < theme_.scaled(oneColumnBelow);
    const int beside = theme_.scaled(sideWidth);
    columns_->setDirection(stacked ? QBoxLayout::TopToBottom : QBoxLayout::LeftToRight);
    side_->setMinimumWidth(theme_.scaled(narrowSide));
    side_->setMaximumWidth(stacked ? QWIDGETSIZE_MAX : beside);
    const int mainWidth = viewport()->width() - 2 * margin - (stacked ? 0 : beside + gap);
    arrangeCards(mainWidth);
    form_->setColumns(mainWidth < theme_.scaled(oneFormColumnBelow) ? 1 : 2);
}

} // namespace bwla::ui
