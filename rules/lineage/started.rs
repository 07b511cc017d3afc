//! What a job run or session makes of its application's lineage.

use crate::estate::{Application, Configuration};
use crate::finding::Verdict;
use crate::lineage::change;
use crate::lineage::change::MendedOverrides;
use crate::lineage::{JudgedKeys, LineageCheck, Setup, Standing};
use crate::settings::Context;
use crate::settings::Policy;
use crate::spark::{Classification, Effective, Starter, Submit, SubmitError};

/// A job run or session, against the application that it was started in.
#[derive(Debug)]
pub struct Workload<'a> {
    /// Which of the two it is.
    pub starter: Starter,
    /// The application.
    pub application: &'a Application,
    /// What the application is configured with.
    pub setup: &'a Setup<'a>,
    /// The classifications that override the application's.
    pub overrides: &'a [Configuration],
    /// What `spark-submit` was given, or why it can't be read.
    pub submit: &'a Result<Submit, SubmitError>,
    /// The release in force.
    label: &'a str,
    /// The driver's image in force: what it was started with tells none, so it is the application's of that
    /// day.
    image: Option<&'a str>,
    lineage: Lineage<'a>,
}

/// The configuration that it was started with.
#[derive(Debug)]
enum Lineage<'a> {
    /// It changes nothing that lineage depends on.
    AsApplication,
    /// One of its own.
    Own(Box<Setup<'a>>),
    /// It can't be told.
    Unreadable(String),
}

/// How lineage is lost that the application has.
#[derive(Clone, Debug)]
pub struct LineageLoss {
    /// The rule that the application passes and this fails; nothing where this can't be read.
    pub check: Option<&'static LineageCheck>,
    /// By which override, in words.
    pub verdict: Verdict,
}

impl LineageLoss {
    /// The id of that rule, or `unreadable`.
    pub fn cause(&self) -> &'static str {
        self.check.map_or("unreadable", |check| check.rule)
    }
}

impl<'a> Workload<'a> {
    /// Works out what a run or session was started with.
    pub fn new(
        starter: Starter,
        (application, setup): (&'a Application, &'a Setup<'a>),
        label: &'a str,
        overrides: &'a [Configuration],
        submit: &'a Result<Submit, SubmitError>,
        image: Option<&'a str>,
        policy: &'a Policy,
    ) -> Self {
        let mut this = Self {
            starter,
            application,
            setup,
            overrides,
            submit,
            label,
            image: image.or(application.driver_image()),
            lineage: Lineage::AsApplication,
        };
        if application.is_spark() {
            this.lineage = this.read(policy);
        }
        this
    }

    fn read(&self, policy: &'a Policy) -> Lineage<'a> {
        let submit = match self.submit {
            Ok(submit) => submit,
            Err(error) => {
                let reason = format!("`sparkSubmitParameters` can't be read: {error}");
                return Lineage::Unreadable(reason);
            }
        };
        if let Some(file) = submit.properties_file() {
            return Lineage::Unreadable(format!(
                "`--properties-file {file}` gives properties that no API shows"
            ));
        }
        let mut overridden = self.overrides.iter().filter_map(Classification::of);
        let mut set = submit.properties();
        let touched =
            overridden.next().is_some() || set.any(|(key, _, _)| change::is_about_lineage(key));
        if !touched {
            return Lineage::AsApplication;
        }
        let application = self.application;
        let (label, overrides) = (self.label, self.overrides);
        let effective =
            Effective::of_started(application, label, self.starter, overrides, Some(submit));
        let Some(spark) = effective else {
            return Lineage::Unreadable(format!(
                "whether `{label}` merges the {}'s configuration into the application's or \
                 replaces it is not known",
                self.starter
            ));
        };
        Lineage::Own(Box::new(Setup::new(
            application,
            label,
            self.image,
            spark,
            policy,
            self.setup.checks,
        )))
    }

    /// How lineage is lost that the application has, on the release that was in force.
    ///
    /// Where the application has none itself, that is the fault to mend first, if any rule that is on tells of it.
    pub fn dropped(&self, cx: &Context<'a>) -> Option<LineageLoss> {
        let own = match &self.lineage {
            Lineage::AsApplication => return None,
            Lineage::Own(own) => own,
            Lineage::Unreadable(reason) => {
                let lost = self.setup.is_told_to_lack(cx);
                return (!lost).then(|| LineageLoss {
                    check: None,
                    verdict: Verdict::Unknown(reason.clone()),
                });
            }
        };
        let mut faults = own.faults(cx).peekable();
        faults.peek()?;
        let before = self.on_that_day(cx);
        let before = before.as_deref().unwrap_or(self.setup);
        if before.is_told_to_lack(cx) {
            return None;
        }
        let known: Vec<_> = before.faults(cx).collect();
        let (rule, fault) = faults.find(|(rule, fault)| {
            let mut was = known.iter();
            let was = was.find(|(known, _)| known.rule == rule.rule);
            let was = was.map(|(_, fault)| &fault.verdict);
            let was_unknown = matches!(was, Some(Verdict::Unknown(_)));
            was.is_none() || was_unknown && matches!(fault.verdict, Verdict::Fail(_))
        })?;
        let how = change::overrides(rule.judges_by, before, own, self.starter);
        let told = fault.retold(|fact| {
            if how.is_empty() {
                fact
            } else {
                format!("{how}: {fact}")
            }
        });
        Some(LineageLoss {
            check: Some(rule),
            verdict: told.verdict,
        })
    }

    /// Whether release and image were those of the application today.
    fn is_of_today(&self) -> bool {
        self.label == self.application.release_label
            && self.image == self.application.driver_image()
    }

    /// The application as it would be on the release and the image that were in force, where they are others.
    fn on_that_day(&self, cx: &Context<'a>) -> Option<Box<Setup<'a>>> {
        let application = self.application;
        (!self.is_of_today()).then(|| {
            let spark = Effective::of_application(application);
            Box::new(Setup::new(
                application,
                self.label,
                self.image,
                spark,
                cx.policy,
                self.setup.checks,
            ))
        })
    }

    /// Whether it reported its lineage.
    ///
    /// The application's defaults are those of today. A run on another release or image ran before they were
    /// last changed, so where it rests on them it can't be told.
    pub fn standing(&self, cx: &Context<'a>, of_application: Standing) -> Standing {
        let is_of_today = self.is_of_today();
        match &self.lineage {
            _ if of_application == Standing::OutOfScope => Standing::OutOfScope,
            Lineage::AsApplication if is_of_today => of_application,
            Lineage::AsApplication | Lineage::Unreadable(_) => Standing::Unknown,
            Lineage::Own(own)
                if is_of_today || own.spark.is_replaced(Classification::SparkDefaults) =>
            {
                own.standing(cx)
            }
            Lineage::Own(own) => match self.dropped(cx).map(|dropped| dropped.verdict) {
                Some(Verdict::Fail(_)) if own.standing(cx) == Standing::Without => {
                    Standing::Without
                }
                _ => Standing::Unknown,
            },
        }
    }

    /// What would keep the lineage that the application has, and all else of the override: what one cause
    /// after the other is judged by is put back, and what lineage depends on where that doesn't do.
    ///
    /// Nothing where no configuration mends it, such as an image of the job's own.
    pub fn mended(&self, cx: &Context<'a>) -> Option<MendedOverrides> {
        let mut causes = vec![self.lost(cx)?];
        loop {
            let is_at_fault = |key: &str| causes.iter().any(|keys| keys.includes(key));
            let mended = self.put_back(is_at_fault, cx)?;
            match self.still_lost(&mended, cx) {
                None => return Some(mended),
                Some(cause) if !causes.contains(&cause) => causes.push(cause),
                Some(_) => break,
            }
        }
        let mended = self.put_back(change::is_about_lineage, cx)?;
        self.still_lost(&mended, cx).is_none().then_some(mended)
    }

    fn put_back(
        &self,
        is_at_fault: impl Fn(&str) -> bool,
        cx: &Context<'a>,
    ) -> Option<MendedOverrides> {
        let (Lineage::Own(own), Ok(submit)) = (&self.lineage, self.submit) else {
            return None;
        };
        let before = self.on_that_day(cx);
        let before = before.as_deref().unwrap_or(self.setup);
        let overrides = self.overrides;
        Some(change::mended(before, own, overrides, submit, is_at_fault))
    }

    /// By which properties lineage is lost, where that is certain.
    fn lost(&self, cx: &Context<'a>) -> Option<JudgedKeys> {
        let dropped = self.dropped(cx)?;
        let check = dropped.check?;
        matches!(dropped.verdict, Verdict::Fail(_)).then_some(check.judges_by)
    }

    /// By which properties lineage would be lost even so.
    fn still_lost(&self, mended: &MendedOverrides, cx: &Context<'_>) -> Option<JudgedKeys> {
        let submit = Ok(mended.submit.clone());
        let again = Workload::new(
            self.starter,
            (self.application, self.setup),
            self.label,
            &mended.configuration,
            &submit,
            self.image,
            cx.policy,
        );
        again.lost(cx)
    }
}
